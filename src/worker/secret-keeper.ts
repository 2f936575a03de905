import type { SecretKeeper } from '../activities/index.ts'
import { isNotServed, notServed, shownValue } from '../activities/read-outputs.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { JobsClient } from '../client/index.ts'
import { outputValue } from '../contract/index.ts'
import { JobRunError, type Secrets } from '../job-types/index.ts'
import { createRedactor, readSecret, resolveObject } from '../references/index.ts'

/** Values of each secret that were read before: what was sent with one that was replaced since still comes back. */
export type EarlierSecrets = Map<string, string[]>

/** A function may give another value each time; what was sent longer ago has ended by then. */
const mostEarlier = 20

/**
 * What sends configs to servers that resolve no references: their values are filled in here, and masked in all that comes back.
 * @param earlier shared by all keepers of a process
 */
export function createSecretKeeper(secrets: Secrets, earlier: EarlierSecrets = new Map()): SecretKeeper {
  const redactor = createRedactor()
  const read = async (name: string) => {
    const value = await readSecret(secrets, name)
    const values = earlier.get(name) ?? []
    if (!values.includes(value)) earlier.set(name, [...values, value].slice(-mostEarlier))
    for (const each of earlier.get(name) ?? []) redactor.add(each)
    return value
  }
  return {
    resolve: (api, config): Promise<JsonObject> =>
      resolveObject(config, '', {
        secret: read,
        output: (jobRunId, name) => readOutput(api, { jobRunId, name }),
      }),
    async learn(names) {
      // One that is gone by now was read when it was sent, or never was.
      await Promise.all(
        names.map((name) =>
          read(name).catch(() => {
            for (const value of earlier.get(name) ?? []) redactor.add(value)
          }),
        ),
      )
    },
    mask: (text) => redactor.redact(text),
  }
}

async function readOutput(api: JobsClient, wanted: { jobRunId: string; name: string }): Promise<Json> {
  try {
    const found = outputValue(await api.getOutput(wanted.jobRunId, wanted.name))
    if ('value' in found) return found.value
  } catch (error) {
    if (!isNotServed(error)) throw error
    const value = await shownValue(api, wanted)
    if (value !== undefined) return value
    throw new JobRunError('invalid_config', notServed(wanted))
  }
  throw new JobRunError('invalid_config', `the output ${wanted.name} can be no part of a config`)
}
