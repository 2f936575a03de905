import { z } from 'zod'
import { durationPattern } from '../../base/duration.ts'
import { whenFulls } from '../../contract/pipelines/status.ts'
import { catchUpKeeps, dstFolds, dstGaps, overlaps } from '../../schedule/plan/index.ts'
import { inputTypes, notificationEvents, retryReasons } from '../plan/types.ts'

/**
 * The shape of a pipeline file: names of fields and types of values. What a schema cannot say (cycles, names,
 * expressions, durations' ranges) is in shape.ts and check-*.ts.
 */
const duration = z.string().regex(durationPattern).describe('A duration: 500ms, 5s, 30m, 2h, 7d')
const json = z.json()

/** By the name of the field. */
export const ranges = {
  attempts: { min: 1, max: 100 },
  max_parallel: { min: 1, max: 500 },
  limit: { min: 1, max: 1000 },
  priority: { min: 1, max: 5 },
  /** In characters. */
  name: { min: 1, max: 100 },
  /** In entries. */
  notify: { min: 1, max: 10 },
  secrets: { min: 1, max: 2 },
} as const

const retry = z
  .strictObject({
    attempts: z
      .int()
      .min(ranges.attempts.min)
      .max(ranges.attempts.max)
      .optional()
      .describe('How many generations there are at most, the first one counted'),
    backoff: duration.optional().describe('The wait before the second generation; it doubles after that'),
    on: z
      .array(z.enum(retryReasons))
      .min(1)
      .optional()
      .describe('Which ends are tried again; all of them by default'),
  })
  .describe('Runs the job again after it failed')

const concurrency = z
  .strictObject({
    key: z
      .union([z.string(), z.number()])
      .optional()
      .describe('What the limit is of: all that ask under the same key, in any pipeline'),
    limit: z
      .int()
      .min(ranges.limit.min)
      .max(ranges.limit.max)
      .optional()
      .describe('How many may have a place at once; one by default'),
    when_full: z
      .enum(whenFulls)
      .optional()
      .describe('`queue` (the default) waits, `cancel_previous` ends those before, `skip` does without'),
  })
  .describe('A limit across runs')

const priority = z
  .int()
  .min(ranges.priority.min)
  .max(ranges.priority.max)
  .optional()
  .describe('Who gets a place first: 1 to 5, 1 goes first, 3 by default')

const input = z.strictObject({
  type: z.enum(inputTypes),
  description: z.string().optional(),
  enum: z.array(json).min(1).optional(),
  default: json.optional().describe('Without a default the input is required'),
  schema: z
    .record(z.string(), json)
    .optional()
    .describe('JSON Schema (2020-12): what the value has to keep to besides'),
})

const step = z.strictObject({
  needs: z.array(z.string()).optional().describe('Steps that must be done before this one starts'),
  start: z
    .enum(['all', 'any'])
    .optional()
    .describe(
      'When it may start: once all of its needs are done (the default), or as soon as any of them is',
    ),
  if: z.string().optional().describe(`A condition: \${{ … }}`),
  for_each: z
    .union([z.string(), z.array(json)])
    .optional()
    .describe('A list: the step runs once for each of its values, as `item`'),
  max_parallel: z
    .int()
    .min(ranges.max_parallel.min)
    .max(ranges.max_parallel.max)
    .optional()
    .describe('How many items run at once'),
  job_type: z.string().min(1).optional().describe('Create a job of this type and run it'),
  job_id: z.string().min(1).optional().describe('Run a job that exists'),
  pipeline: z
    .string()
    .min(1)
    .optional()
    .describe('Run another pipeline: a file, relative to this one, or the name of a saved one'),
  inputs: z.record(z.string(), json).optional().describe('The inputs of that pipeline'),
  config: z
    .union([z.string(), z.record(z.string(), json)])
    .optional()
    .describe("The job's configuration"),
  timeout: duration.optional().describe('Of each generation; then its run is cancelled'),
  retry: retry.optional(),
  on_failure: z.enum(['fail', 'continue']).optional(),
  concurrency: concurrency.optional(),
  priority,
})

const notification = z.strictObject({
  on: z.array(z.enum(notificationEvents)).min(1).describe('Which events are told'),
  webhook: z.string().min(1).optional().describe(`A URL; it may hold \${{ secrets.NAME }}`),
  secrets: z
    .array(z.string().min(1))
    .min(1)
    .max(ranges.secrets.max)
    .optional()
    .describe('Names of secrets that sign, as Standard Webhooks has it; two while they are changed'),
  function: z
    .string()
    .min(1)
    .optional()
    .describe('In place of a webhook: a name under `notifications` in jobwright.config.ts'),
  late: z
    .strictObject({
      after: duration.optional().describe('From when the run was due, or was started'),
      by: z.string().optional().describe('A time of day, such as 06:00'),
      timezone: z.string().optional().describe('An IANA name; UTC by default'),
    })
    .optional()
    .describe('From when on a run that is not over is late; exactly one of `after` and `by`'),
})

const schedule = z
  .strictObject({
    name: z
      .string()
      .min(ranges.name.min)
      .max(ranges.name.max)
      .optional()
      .describe("Unique in the workspace; the pipeline's name by default"),
    cron: z
      .string()
      .optional()
      .describe('Minute, hour, day of month, month, day of week, in quotes; both of the days have to match'),
    every: duration.optional().describe('In place of `cron`; counted from 1970-01-01T00:00Z'),
    timezone: z.string().min(1).optional().describe('An IANA name, such as Europe/Berlin; UTC by default'),
    overlap: z.enum(overlaps).optional().describe('What becomes of a time while an earlier run is open'),
    catch_up: z
      .strictObject({
        window: duration.optional().describe('A time that is later than this is missed; 1h by default'),
        keep: z
          .enum(catchUpKeeps)
          .optional()
          .describe('Which of those that are late run; the last by default'),
      })
      .optional(),
    dst: z
      .strictObject({
        gap: z.enum(dstGaps).optional().describe('What becomes of a local time that does not exist'),
        fold: z.enum(dstFolds).optional().describe('When a local time that comes twice runs'),
      })
      .optional(),
    jitter: duration
      .optional()
      .describe('Each run starts up to so much later, always as much at the same time'),
    inputs: z.record(z.string(), json).optional().describe('Of its runs'),
    paused: z.boolean().optional(),
    until: z
      .string()
      .optional()
      .describe(
        'The last day, or the last time: 2026-12-31, 2026-12-31T18:00 in its zone, or with an offset',
      ),
  })
  .describe('When it runs by itself: exactly one of `cron` and `every`')

export const pipelineDefinition = z.strictObject({
  name: z.string().min(ranges.name.min).max(ranges.name.max),
  description: z.string().optional(),
  inputs: z.record(z.string(), input).optional(),
  connection: z.string().min(1).optional().describe('A named Jobs API; `default` comes from the environment'),
  defaults: z.strictObject({ timeout: duration.optional(), retry: retry.optional() }).optional(),
  steps: z.record(z.string(), step).describe('By id; their order has no meaning, `needs` has'),
  outputs: z.record(z.string(), json).optional().describe('What the run returns'),
  concurrency: concurrency.optional(),
  priority,
  notify: z.array(notification).min(1).max(ranges.notify.max).optional().describe('Who is told of what'),
  schedule: z.union([schedule, z.array(schedule)]).optional(),
})

/** The same, for a file whose `schedule` is one map, or a list of them: so that what is wrong in it can be said. */
export const pipelineDefinitions = {
  map: pipelineDefinition.extend({ schedule: schedule.optional() }),
  list: pipelineDefinition.extend({ schedule: z.array(schedule).min(1).optional() }),
} as const

/** Fields that a later version may have; naming them gets a plainer answer than "unknown". */
export const unsupportedFields: ReadonlySet<string> = new Set(['approval', 'hold', 'delay'])

/** A field of the file itself that is there for the one who writes it: a place for anchors. */
export function isExtension(key: string): boolean {
  return key.startsWith('x-')
}

/** JSON Schema (2020-12) of a pipeline file, for editors. */
export function pipelineJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(pipelineDefinition),
    patternProperties: {
      '^x-': { description: 'Anything: a place for anchors, which `<<` and aliases name' },
    },
    title: 'Jobwright pipeline',
  }
}
