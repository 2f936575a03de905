import type { z } from 'zod'
import { parseDurationMs } from '../base/duration.ts'
import { outputNamePattern } from '../contract/index.ts'
import { reservedNames } from '../contract/names.ts'
import { JobTypeDefinitionError } from './errors.ts'
import { schemaEntry } from './json-schemas.ts'
import type { AnyJobType, JobType } from './types.ts'

const namePattern = /^[a-z][a-z0-9_]*$/

function describe(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : value === null
      ? 'null'
      : `a value of type ${typeof value}`
}

/** @throws JobTypeDefinitionError when the definition cannot be offered */
export function checkJobType(jobType: AnyJobType): void {
  const { jobType: name } = jobType
  if (typeof name !== 'string' || !namePattern.test(name) || name.length > 100)
    throw new JobTypeDefinitionError(
      `jobType is ${describe(name)}; expected lower-case letters, digits and underscores, such as resize_image`,
    )
  const place = `job type ${name}`
  for (const field of ['displayName', 'description'] as const)
    if (typeof jobType[field] !== 'string' || jobType[field] === '')
      throw new JobTypeDefinitionError(`${place}: ${field} is ${describe(jobType[field])}; expected text`)
  if (typeof jobType.run !== 'function')
    throw new JobTypeDefinitionError(`${place}: run is ${describe(jobType.run)}; expected a function`)
  for (const field of ['timeout', 'queueTimeout'] as const)
    if (jobType[field] !== undefined && !((parseDurationMs(jobType[field]) ?? 0) > 0))
      throw new JobTypeDefinitionError(
        `${place}: ${field} is ${describe(jobType[field])}; expected a duration such as 30m (ms, s, m, h, d)`,
      )
  if (
    jobType.maxAttempts !== undefined &&
    !(Number.isInteger(jobType.maxAttempts) && jobType.maxAttempts > 0)
  )
    throw new JobTypeDefinitionError(
      `${place}: maxAttempts is ${String(jobType.maxAttempts)}; expected a whole number from 1`,
    )
  checkChoice(place, jobType, 'onWorkerLost', ['retry', 'fail'])
  checkChoice(place, jobType, 'isolation', ['shared', 'process'])
  checkTaskQueue(place, jobType.taskQueue)
  for (const output of Object.keys(jobType.outputs ?? {}))
    if (!outputNamePattern.test(output))
      throw new JobTypeDefinitionError(
        `${place}: the output name ${describe(output)} is not usable; expected letters, digits and underscores`,
      )
  schemaEntry(jobType)
}

function checkChoice<Field extends 'onWorkerLost' | 'isolation'>(
  place: string,
  jobType: AnyJobType,
  field: Field,
  choices: readonly string[],
): void {
  const value: unknown = jobType[field]
  if (value === undefined || (typeof value === 'string' && choices.includes(value))) return
  const expected = choices.map((choice) => `'${choice}'`).join(' or ')
  throw new JobTypeDefinitionError(`${place}: ${field} is ${describe(value)}; expected ${expected}`)
}

function checkTaskQueue(place: string, taskQueue: unknown): void {
  if (taskQueue === undefined) return
  if (typeof taskQueue !== 'string' || taskQueue.trim() === '')
    throw new JobTypeDefinitionError(`${place}: taskQueue is ${describe(taskQueue)}; expected a name`)
  // A worker of job runs on one of ours would take what another worker is there for.
  if (reservedNames.test(taskQueue))
    throw new JobTypeDefinitionError(
      `${place}: taskQueue is ${describe(taskQueue)}, which Jobwright keeps for itself; expected another name, or none for the queue of all job runs`,
    )
}

/**
 * One kind of work that jobs can be made of; `run` gets the config as the schema describes it.
 * @throws JobTypeDefinitionError when the definition cannot be offered
 *
 * @example
 * ```ts
 * import { defineJobType } from 'jobwright/job-types'
 * import { z } from 'zod'
 *
 * export const wordCount = defineJobType({
 *   jobType: 'word_count',
 *   displayName: 'Word count',
 *   description: 'Counts the words of a text',
 *   config: z.strictObject({ text: z.string() }),
 *   outputs: { count: z.number() },
 *   async run({ config, output }) {
 *     await output.json('count', config.text.split(/\s+/).filter(Boolean).length)
 *   },
 * })
 * ```
 */
export function defineJobType<
  ConfigSchema extends z.ZodType,
  Outputs extends Record<string, z.ZodType> = Record<never, never>,
>(definition: JobType<ConfigSchema, Outputs>): JobType<ConfigSchema, Outputs> {
  checkJobType(definition as AnyJobType)
  return Object.freeze({ ...definition })
}
