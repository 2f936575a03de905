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

export type TickOutcome = (typeof tickOutcomes)[number]
export type TickReason = (typeof tickReasons)[number]
export type TickRow = z.infer<typeof tickRowSchema>
export type ScheduleView = z.infer<typeof scheduleViewSchema>
