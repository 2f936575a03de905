import { z } from 'zod'
import { jsonSchema } from '../jobs/schemas.ts'

/** How schedules look from outside: the one definition for workflow, client, server and command line. */

/** ISO 8601 with Z. */
const time = z.string()

export const tickOutcomes = [
  'fired',
  'buffered',
  'skipped',
  'missed',
  'paused',
  'backfilled',
  'manual',
] as const
export const tickReasons = [
  'overlap',
  'catch_up',
  'buffer_full',
  'paused',
  'dst_gap',
  'dst_fold',
  'rate',
  'outage',
] as const

/** One nominal time of a schedule, and what became of it. */
export const tickRowSchema = z.object({
  schedule: z.string(),
  nominal_at: time,
  /** With jitter. */
  due_at: time,
  decided_at: time,
  outcome: z.enum(tickOutcomes),
  reason: z.enum(tickReasons).nullable(),
  /** Of the run that was started. */
  run: z.string().nullable(),
  /** How much later than it was due it was decided; null of one on time, and of a run that was triggered by hand. */
  late_seconds: z.int().nullable(),
})

export const scheduleViewSchema = z.object({
  name: z.string(),
  pipeline: z.string(),
  /** Of the saved pipeline that it was applied from; null for any other. */
  pipeline_version: z.int().nullable(),
  workspace: z.string().nullable(),
  owner: z.string().nullable(),
  cron: z.string().nullable(),
  /** A duration, such as `5m`. */
  every: z.string().nullable(),
  timezone: z.string(),
  dst: z.object({ gap: z.string(), fold: z.string() }),
  jitter: z.string().nullable(),
  until: time.nullable(),
  overlap: z.string(),
  catch_up: z.object({ window: z.string(), keep: z.string() }),
  inputs: z.record(z.string(), jsonSchema),
  paused: z.boolean(),
  /** Why it is paused, and by whom. */
  paused_because: z.string().nullable(),
  /** `file`: an apply that says otherwise lifts it; nobody but a person lifts that of a `person`. null where it is not paused. */
  pause_origin: z.enum(['file', 'person']).nullable(),
  /** Counts from 1: how often something else was applied. */
  revision: z.int(),
  next_at: z.array(time),
  /** Nominal times that wait for an earlier run to end. */
  buffered_at: z.array(time),
  /** Runs of it that are open. */
  open_runs: z.array(z.string()),
  last: tickRowSchema.nullable(),
  warnings: z.array(z.string()),
})

export const scheduleChanges = ['created', 'updated', 'unchanged'] as const

/** What an apply changes, or would change. */
export const scheduleChangeSchema = z.object({
  name: z.string(),
  change: z.enum(scheduleChanges),
  /** Nothing was changed: it was only asked for. */
  dry_run: z.boolean(),
  /** What differs from the schedule as it was; none of one that is new. */
  differences: z.array(z.object({ field: z.string(), before: jsonSchema, after: jsonSchema })),
  /** The next times as they were, and as they are to be; none while it is paused. */
  next_before: z.array(time),
  next_after: z.array(time),
  /** Of these times. */
  timezone: z.string(),
  /** It is paused after it. */
  paused: z.boolean(),
  /** As it is now; null after a dry run of one that there is not. */
  schedule: scheduleViewSchema.nullable(),
  /** What may surprise: a person's pause that is kept, job types that have changed on the server. */
  warnings: z.array(z.string()),
})

/** `gap`: a local time that does not exist. `fold`: the first of one that comes twice; `second`: the second. */
export const dstMarks = ['gap', 'fold', 'second'] as const

/** One time of a schedule, and what would become of it if nothing were in the way but its own runs. */
export const simulatedTickSchema = z.object({
  nominal_at: time,
  /** With jitter. */
  due_at: time,
  /** `nominal_at` in the schedule's zone, with its offset from UTC. */
  local_at: z.string(),
  dst: z.enum(dstMarks).nullable(),
  outcome: z.enum(['fired', 'buffered', 'skipped']),
  reason: z.enum(tickReasons).nullable(),
  /** Of the run; null where there would be none. */
  starts_at: time.nullable(),
  /** null unless a duration of runs was assumed. */
  ends_at: time.nullable(),
  /** `ends_at` is when a later tick would cancel it. */
  cancelled: z.boolean(),
})

export const simulationSchema = z.object({
  schedule: z.string(),
  timezone: z.string(),
  overlap: z.string(),
  /** A duration, such as `25m`; null when none was assumed. */
  assume: z.string().nullable(),
  ticks: z.array(simulatedTickSchema),
  /** Temporal's schedule was asked, too; false where there is none, or it has other times because the file was not applied. */
  compared: z.boolean(),
  /** Times that only one of the two has. None is what is right. */
  differences: z.array(z.object({ at: time, only_in: z.enum(['temporal', 'jobwright']) })),
  warnings: z.array(z.string()),
})

export type TickOutcome = (typeof tickOutcomes)[number]
export type TickReason = (typeof tickReasons)[number]
export type TickRow = z.infer<typeof tickRowSchema>
export type ScheduleView = z.infer<typeof scheduleViewSchema>
export type ScheduleChange = z.infer<typeof scheduleChangeSchema>
export type SimulatedTick = z.infer<typeof simulatedTickSchema>
export type Simulation = z.infer<typeof simulationSchema>
