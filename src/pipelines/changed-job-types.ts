import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { jobTypeDigest } from '../job-type-schemas/index.ts'
import type { PipelinePlan } from '../pipeline/plan/index.ts'

/** More of them say nothing new. */
const told = 10

/** What the server says it offers; undefined where it cannot be asked. */
export type AskJobTypes = (signal: AbortSignal) => Promise<readonly JobTypeSchemaEntry[] | undefined>

/** undefined where nobody can be asked: that is no reason to start nothing. */
export async function askInTime({
  jobTypes,
  schemasTimeoutMs,
}: {
  jobTypes: AskJobTypes | undefined
  schemasTimeoutMs: number
}): Promise<readonly JobTypeSchemaEntry[] | undefined> {
  return jobTypes?.(AbortSignal.timeout(schemasTimeoutMs)).catch(() => undefined)
}

/**
 * A sentence for each job type whose schemas are not those that the plan was compiled against. None where the plan does not say, or
 * nobody can be asked.
 */
export async function changedJobTypes(
  plan: PipelinePlan,
  ask: () => Promise<readonly JobTypeSchemaEntry[] | undefined>,
): Promise<string[]> {
  const compiled = jobTypesOf(plan)
  if (compiled.length === 0) return []
  const entries = await ask()
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

/** Of the default connection, those of the pipelines that it nests as well; each once. */
function jobTypesOf(plan: PipelinePlan): [name: string, digest: string][] {
  const own = plan.connection === 'default' ? Object.entries(plan.jobTypes ?? {}) : []
  const nested = plan.steps.flatMap(({ target }) =>
    target.kind === 'pipeline' ? jobTypesOf(target.pipeline) : [],
  )
  return [...new Map([...own, ...nested])]
}
