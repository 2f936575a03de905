import { z } from 'zod'

/** How backfills look from outside: the one definition for workflow, client, server and command line. */

/** ISO 8601 with Z. */
const time = z.string()

/**
 * Which ticks of the range a backfill runs: those without a run; those whose last run ended otherwise than completed; every one that
 * has no open run.
 */
export const backfillScopes = ['missing', 'failed', 'all'] as const
export const backfillOrders = ['oldest', 'newest'] as const
export const backfillStatuses = [
  'running',
  'paused',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
] as const
/** Why a tick is left as it is. */
export const leaveReasons = ['exists', 'open', 'completed', 'no_run', 'dst_gap', 'dst_fold'] as const
/** Of a run of a tick. */
export const tickRunStatuses = ['open', 'completed', 'failed', 'cancelled'] as const

/** How many runs of one backfill may be open at once. */
export const maxActiveRange = { least: 1, most: 100, default: 1 } as const
/** More than this has to be confirmed; more than the most is for several backfills. */
export const backfillTicks = { unconfirmed: 10_000, most: 100_000 } as const

/** One tick of the range: the newest run that it has, and what a backfill would do. */
export const backfillLineSchema = z.object({
  nominal_at: time,
  run: z.string().nullable(),
  status: z.enum(tickRunStatuses).nullable(),
  action: z.enum(['run', 'leave']),
  /** null where it would run. */
  reason: z.enum(leaveReasons).nullable(),
})

const rangeFields = {
  schedule: z.string(),
  /** `from` belongs to the range, `until` does not. */
  from: time,
  until: time,
  only: z.enum(backfillScopes),
  order: z.enum(backfillOrders),
  max_active: z.int(),
}

export const backfillPlanSchema = z.object({
  ...rangeFields,
  /** How many ticks would run. */
  runs: z.int(),
  /** In the order in which they would be taken. */
  lines: z.array(backfillLineSchema),
  warnings: z.array(z.string()),
})

/** A start that was asked for twice starts one backfill. */
export const startedBackfillSchema = z.object({
  id: z.string(),
  existed: z.boolean(),
  /** In its range. */
  ticks: z.int(),
  warnings: z.array(z.string()),
})

export const backfillRunSchema = z.object({ nominal_at: time, run: z.string() })

export const backfillViewSchema = z.object({
  id: z.string(),
  ...rangeFields,
  pipeline: z.string(),
  workspace: z.string().nullable(),
  owner: z.string().nullable(),
  status: z.enum(backfillStatuses),
  started_at: time,
  finished_at: time.nullable(),
  /** Why it is paused, and by whom. */
  paused_because: z.string().nullable(),
  /** `ticks` is the sum of the others. */
  counts: z.object({
    ticks: z.int(),
    /** Not looked at yet. */
    waiting: z.int(),
    /** Left as they were. */
    left: z.int(),
    open: z.int(),
    completed: z.int(),
    failed: z.int(),
    cancelled: z.int(),
  }),
  /** How many were left for which reason. */
  left_because: z.partialRecord(z.enum(leaveReasons), z.int()),
  open_runs: z.array(backfillRunSchema),
  /** Runs that ended otherwise than completed; of many the first fifty. */
  failures: z.array(backfillRunSchema.extend({ status: z.enum(['failed', 'cancelled']) })),
  warnings: z.array(z.string()),
})

export type BackfillScope = (typeof backfillScopes)[number]
export type BackfillOrder = (typeof backfillOrders)[number]
export type BackfillStatus = (typeof backfillStatuses)[number]
export type LeaveReason = (typeof leaveReasons)[number]
export type TickRunStatus = (typeof tickRunStatuses)[number]
export type BackfillLine = z.infer<typeof backfillLineSchema>
export type BackfillPlan = z.infer<typeof backfillPlanSchema>
export type StartedBackfill = z.infer<typeof startedBackfillSchema>
export type BackfillRun = z.infer<typeof backfillRunSchema>
export type BackfillView = z.infer<typeof backfillViewSchema>
