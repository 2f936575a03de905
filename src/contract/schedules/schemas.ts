import { z } from 'zod'
import { jsonObjectSchema, jsonSchema, limits } from '../jobs/schemas.ts'
import { queryTimeForm, queryTimePattern } from '../jobs/wire-forms.ts'
import { findingSchema } from '../pipelines/finding.ts'
import { scheduleChangeSchema, tickOutcomes } from './view.ts'

/** Wire schemas of the API of schedules: requests, and what an apply changes. What a schedule looks like is in `view.ts`. */

export const scheduleLimits = {
  /** Times that one answer lists. */
  simulatedTicks: 1_000,
  /** What comes out of a limit that is left out. */
  listed: 100,
  noteCharacters: 500,
} as const

/** What a schedule is named. */
export const scheduleNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/

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

export const pauseScheduleBody = z.strictObject({
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
export type TickListQuery = z.infer<typeof tickListQuery>
