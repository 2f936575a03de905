import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { jobTypeDigest } from '../job-type-schemas/index.ts'
import type { PipelinePlan } from '../pipeline/plan/index.ts'

/** More of them say nothing new. */
const told = 10

/** What the server says it offers; undefined where it cannot be asked. */
export type AskJobTypes = (signal: AbortSignal) => Promise<readonly JobTypeSchemaEntry[] | undefined>

/**
 * A sentence for each job type whose schemas are not those that the plan was compiled against. None where the plan does not say, or
 * nobody can be asked: that is no reason to start nothing.
 */
export async function changedJobTypes(
  { jobTypes = {}, connection }: PipelinePlan,
  ask: AskJobTypes | undefined,
  timeoutMs: number,
): Promise<string[]> {
  const compiled = Object.entries(jobTypes)
  if (compiled.length === 0 || connection !== 'default' || ask === undefined) return []
  const entries = await ask(AbortSignal.timeout(timeoutMs)).catch(() => undefined)
  if (entries === undefined) return []
  const warnings = compiled.flatMap(([name, digest]) => {
    const entry = entries.find(({ job_type }) => job_type === name)
    if (entry && jobTypeDigest(entry) === digest) return []
    const what = entry ? 'has other schemas on the server' : 'is no longer on the server, and was there'
    const compared = entry ? ' than when the plan was compiled' : ' when the plan was compiled'
    return [
      `job type ${name} ${what}${compared}: compile the pipeline anew, which checks it against the present ones`,
    ]
  })
  const more = warnings.length - told
  return more > 0 ? [...warnings.slice(0, told), `${more} more job types changed as well`] : warnings
}
