import type { Json, JsonObject } from '../../base/json.ts'
import { createConfigChecker } from '../../config-schema/index.ts'
import { isReference, type JobTypeSchemaEntry } from '../../contract/index.ts'
import { type ApiProblem, invalid } from './problems.ts'

export { UnusableSchemaError } from '../../config-schema/index.ts'

export interface ConfigValidator {
  /**
   * @throws ApiProblem 422 `unknown_job_type` with the known ones; 422 `invalid_config` with a pointer per problem.
   * What stands at or under a reference (`{"$secret": …}`) is left to the worker, which resolves it first, unless there are to be none.
   */
  validate(jobType: string, config: JsonObject): void
}

/**
 * Compiles the schemas of all job types once.
 * @throws JobwrightError `unusable_job_type_schema`, naming the job type
 */
export function createConfigValidator(
  entries: readonly JobTypeSchemaEntry[],
  { references = true }: { references?: boolean } = {},
): ConfigValidator {
  const checker = createConfigChecker()
  const known = new Map(entries.map((entry) => [entry.job_type, entry]))
  // A server that could not check a config does not start.
  for (const entry of entries) checker.prepare(entry)
  return {
    validate(jobType, config) {
      const entry = known.get(jobType)
      if (!entry) throw unknownJobType(jobType, [...known.keys()])
      if (config['job_type'] !== jobType)
        throw invalid('invalid_config', [
          {
            pointer: '/config/job_type',
            detail: `expected ${JSON.stringify(jobType)}, the job's type; found ${found(config['job_type'])}`,
          },
        ])
      const problems = checker.check(entry, config, references ? isReference : () => false)
      if (problems.length === 0) return
      const details = problems.map(({ pointer, message }) => ({
        pointer: `/config${pointer}`,
        detail: message,
      }))
      throw invalid('invalid_config', [
        ...new Map(details.map((detail) => [`${detail.pointer} ${detail.detail}`, detail])).values(),
      ])
    },
  }
}

/** 422 with the known types. */
export function unknownJobType(jobType: string, known: readonly string[]): ApiProblem {
  const list = known.length === 0 ? 'none' : [...known].sort().join(', ')
  return invalid('unknown_job_type', [
    {
      pointer: '/job_type',
      detail: `${JSON.stringify(jobType.slice(0, 100))} is not a job type of this server; known: ${list}`,
    },
  ])
}

function found(value: Json | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60)
}
