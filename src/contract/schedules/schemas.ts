import { z } from 'zod'
import { jsonObjectSchema, jsonSchema, limits } from '../jobs/schemas.ts'
import { queryTimeForm, queryTimePattern } from '../jobs/wire-forms.ts'
import { findingSchema } from '../pipelines/finding.ts'
import { backfillOrders, backfillScopes, backfillTicks, maxActiveRange } from './backfills.ts'
import { scheduleChangeSchema, tickOutcomes } from './view.ts'

/** Wire schemas of the API of schedules: requests, and what an apply changes. What a schedule looks like is in `view.ts`. */

export const scheduleLimits = {
  /** Times that one answer lists. */
  simulatedTicks: 1_000,
  /** What comes out of a limit that is left out. */
  listed: 100,
  noteCharacters: 500,
} as const

/** What a schedule is named: by its pipeline, where its file does not name it. */
export { pipelineNamePattern as scheduleNamePattern } from '../names.ts'

const schedule = jsonObjectSchema.meta({
  description:
    'When and how: as `schedule:` of a pipeline file has it (`cron` or `every`, `timezone`, `overlap`, `catch_up`, `dst`, `jitter`, `inputs`, `paused`, `until`), without a name. In place of what the file says.',
})

/** Where a schedule's pipeline is from; exactly one of `yaml`, `plan` and `pipeline`, which the service says in words. */
const source = {
  yaml: z.string().meta({ description: 'A pipeline file' }).nullish(),
  plan: jsonObjectSchema
    .meta({ description: 'A compiled pipeline, as `compilePipeline` makes it; with `schedule`' })
    .nullish(),
  pipeline: z.string().meta({ description: 'The name of a saved pipeline' }).nullish(),
  version: z.int().min(1).meta({ description: 'Of it; the newest by default' }).nullish(),
}

export const applyScheduleBody = z.strictObject({ ...source, schedule: schedule.nullish() })

export const applyScheduleQuery = z.strictObject({
  dry_run: z.enum(['true', 'false']).meta({ description: 'Only tells what would change' }).optional(),
})

export const appliedScheduleSchema = scheduleChangeSchema.extend({
  /** Warnings of the pipeline; with an error nothing is applied. */
  findings: z.array(findingSchema),
})

const page = {
  limit: z.int().min(1).max(limits.pageItems).optional(),
  cursor: z.string().optional(),
}
export const scheduleListQuery = z.strictObject({
  pipeline: z.string().min(1).meta({ description: 'Only those of pipelines of this name' }).optional(),
  ...page,
})

export const pauseBody = z.strictObject({
  note: z
    .string()
    .max(scheduleLimits.noteCharacters)
    .meta({ description: 'Why; shown until it is resumed' })
    .nullish(),
})

export const triggerScheduleBody = z.strictObject({
  inputs: z
    .record(z.string(), jsonSchema)
    .meta({ description: 'Over those of the schedule, for this run' })
    .nullish(),
})

const time = (description: string) =>
  z
    .string()
    .meta({ description: `${description}: ${queryTimeForm}`, pattern: queryTimePattern.source })
    .optional()

/** How much of the times to come, or of those of a range, is looked at. */
const simulated = {
  from: time('From this time on; now by default'),
  until: time('Before this time'),
  count: z.int().min(1).max(scheduleLimits.simulatedTicks).optional(),
  assume: z.string().meta({ description: 'How long each run takes, such as 25m' }).optional(),
}
export const simulationQuery = z.strictObject(simulated)

export const simulateBody = z.strictObject({
  yaml: source.yaml,
  pipeline: source.pipeline,
  version: source.version,
  schedule: schedule.nullish(),
  name: z
    .string()
    .meta({ description: 'Of one of several schedules; with `schedule` alone, what jitter is drawn by' })
    .nullish(),
  ...simulated,
})

/** A day, or a time of the clock, of the schedule's zone; or RFC 3339. */
const backfillTimePattern =
  /^\d{4}-\d\d-\d\d([Tt]\d\d:\d\d(:\d\d)?([Zz]|[+-]\d\d:\d\d)?|[Tt]\d\d:\d\d:\d\d\.\d+([Zz]|[+-]\d\d:\d\d))?$/
const backfillTimeForm =
  "2026-04-13 or 2026-04-13T02:30 (in the schedule's zone), or RFC 3339 (2026-04-13T02:30:00Z)"
const backfillTime = (description: string) =>
  z
    .string()
    .regex(backfillTimePattern, `expected ${backfillTimeForm}`)
    .meta({ description: `${description}: ${backfillTimeForm}` })

export const startBackfillBody = z.strictObject({
  from: backfillTime('Nominal at this time or later'),
  until: backfillTime('Nominal before this time; now by default').nullish(),
  only: z.enum(backfillScopes).meta({ description: 'Which times run; `missing` by default' }).nullish(),
  order: z.enum(backfillOrders).meta({ description: '`oldest` first by default' }).nullish(),
  max_active: z
    .int()
    .min(maxActiveRange.least)
    .max(maxActiveRange.most)
    .meta({ description: `How many of its runs are open at once; ${maxActiveRange.default} by default` })
    .nullish(),
  plan: z.boolean().meta({ description: 'Only lists what would run' }).nullish(),
  confirmed: z
    .boolean()
    .meta({ description: `That more than ${backfillTicks.unconfirmed} times are meant` })
    .nullish(),
})

export const backfillListQuery = z.strictObject({ limit: page.limit })

export const tickListQuery = z.strictObject({
  from: time('Nominal at this time or later'),
  until: time('Nominal before this time'),
  outcome: z.array(z.enum(tickOutcomes)).optional(),
  ...page,
})

export type ApplyScheduleBody = z.infer<typeof applyScheduleBody>
export type AppliedSchedule = z.infer<typeof appliedScheduleSchema>
export type ScheduleListQuery = z.infer<typeof scheduleListQuery>
export type TriggerScheduleBody = z.infer<typeof triggerScheduleBody>
export type SimulationQuery = z.infer<typeof simulationQuery>
export type SimulateBody = z.infer<typeof simulateBody>
export type StartBackfillBody = z.infer<typeof startBackfillBody>
export type BackfillListQuery = z.infer<typeof backfillListQuery>
export type TickListQuery = z.infer<typeof tickListQuery>
