import type { Json } from '../../base/json.ts'
import type { PipelinePlan } from '../../pipeline/plan/index.ts'

/*
 * What a schedule is: plain JSON, kept by its workflow. Instants and durations are milliseconds.
 * Open schedules carry old ones: change a field's meaning only with care for them.
 */

/** What becomes of a tick while an earlier run of the schedule is open. */
export const overlaps = ['skip', 'queue', 'queue_one', 'cancel_previous', 'allow'] as const
export type Overlap = (typeof overlaps)[number]

/** Which ticks are made up for that were due while nothing could be decided. */
export const catchUpKeeps = ['last', 'all', 'none'] as const
export interface CatchUp {
  /** A tick that is later than this is missed. */
  windowMs: number
  keep: (typeof catchUpKeeps)[number]
}

/** What becomes of a local time that does not exist: the next that does, none, or as long after as the clock was put forward. */
export const dstGaps = ['next', 'skip', 'shift'] as const
/** Of a local time that comes twice. */
export const dstFolds = ['first', 'both'] as const

/** When a schedule is due. Exactly one of `cron` and `everyMs`. */
export interface ScheduleSpec {
  /** Five fields: minute, hour, day of month, month, day of week; both of the days have to match. */
  cron?: string
  /** Counted from the epoch, as Temporal does. */
  everyMs?: number
  /** An IANA name. */
  timezone: string
  dst: { gap: (typeof dstGaps)[number]; fold: (typeof dstFolds)[number] }
  /** A tick is due up to so much after its nominal time: always the same for the same schedule and time. */
  jitterMs: number
  /** None is due after it. */
  untilMs: number | null
}

/** What `schedule:` in a pipeline file says, apart from its pipeline. */
export interface ScheduleRequest {
  /** Unique in a workspace; the pipeline's name where the file gives none. */
  name: string
  spec: ScheduleSpec
  overlap: Overlap
  catchUp: CatchUp
  /** Given to the pipeline's inputs; not completed by their defaults. */
  inputs: Record<string, Json>
  /** As the file says it; undefined where it says nothing. */
  paused?: boolean
}

/** A schedule as its workflow keeps it: it carries its plan, so that an edit of a file changes nothing by itself. */
export interface ScheduleDefinition extends Omit<ScheduleRequest, 'paused'> {
  plan: PipelinePlan
  /** `inputs` completed by their defaults, and checked. */
  resolvedInputs: Record<string, Json>
  /** Whose runs they are. */
  workspace?: string
  owner?: string
  /** Of the saved pipeline that it was applied from. */
  version?: number
}

/** One time at which a schedule is to run. */
export interface Tick {
  /** Of the clock: without jitter. Of a time that does not exist: the instant that stands for it. */
  nominalMs: number
  /** With jitter. */
  dueMs: number
  /** `gap`: its local time does not exist. `fold`: it comes twice, and this is the first; `second`: this is the second. */
  dst?: 'gap' | 'fold' | 'second'
  /** The policy lets it not run: then it is skipped, by `dst_gap` or `dst_fold`. */
  isDropped?: true
}

/** Of a tick that is dropped. */
export function whyDropped({ dst }: Tick): 'dst_gap' | 'dst_fold' {
  return dst === 'gap' ? 'dst_gap' : 'dst_fold'
}

/** Which tick a pipeline run is of: with it, `pipeline.scheduled_for` is known. */
export interface ScheduledRun {
  schedule: string
  nominalMs: number
  kind: 'fired' | 'manual' | 'backfilled'
}
