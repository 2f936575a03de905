import type { JsonObject } from '../../base/json.ts'
import { uuidPattern } from '../../contract/index.ts'

const namedCharacters = 200

/**
 * `metagraph_update – Power Distribution Unit`: the job type and what it is about, as whoever makes it says, else the
 * config field that the job type names, unless that is missing, not text or a UUID; then the last eight characters of the job's
 * id, which tell it from others of the same moment.
 */
export function jobName(
  jobType: string,
  nameField: string | undefined,
  config: JsonObject,
  jobId: string,
  given: string | null | undefined,
): string {
  const subject = given ?? (nameField === undefined ? undefined : config[nameField])
  if (typeof subject === 'string' && !uuidPattern.test(subject.trim())) {
    // Control characters would reach terminals and headers through every listing.
    const text = subject.replace(/[\p{Cc}\s]+/gu, ' ').trim()
    const characters = [...text]
    const shortened =
      characters.length > namedCharacters ? `${characters.slice(0, namedCharacters - 1).join('')}…` : text
    if (text !== '') return `${jobType} – ${shortened}`
  }
  return `${jobType} – ${jobId.slice(-8)}`
}
