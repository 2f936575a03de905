import type { Duration } from '../../base/duration.ts'
import type { CatchUp, Overlap, ScheduleSpec } from '../../schedule/plan/index.ts'

/** When a pipeline runs by itself, and how: what `jobwright schedule apply` makes a schedule of. */
export type ScheduleOptions<Inputs = unknown> = ScheduleTimes &
  ScheduleSettings &
  (Partial<Inputs> extends Inputs ? { inputs?: Inputs } : { inputs: Inputs })

/** Exactly one of `cron` and `every`. */
export type ScheduleTimes =
  | {
      /** Minute, hour, day of month, month, day of week: `30 2 * * 1-5`. Both of the days have to match. */
      cron: string
      every?: never
    }
  | {
      /** Counted from 1970-01-01T00:00Z. */
      every: Duration
      cron?: never
    }

export interface ScheduleSettings {
  /** Unique in a workspace. @default the pipeline's name */
  name?: string
  /** An IANA name, such as `Europe/Berlin`. @default 'UTC' */
  timezone?: string
  /** What becomes of a time while an earlier run is open. @default 'skip' */
  overlap?: Overlap
  /** Which times are made up for that came while nothing could run. @default the last one, for an hour */
  catchUp?: { window?: Duration; keep?: CatchUp['keep'] }
  /** What becomes of a local time that does not exist, and of one that comes twice. @default next, first */
  dst?: Partial<ScheduleSpec['dst']>
  /** Each run starts up to so much later, always as much at the same time. */
  jitter?: Duration
  /** @default false */
  paused?: boolean
  /** The last day, or the last time: `2026-12-31`, `2026-12-31T18:00` in its zone, or with an offset. */
  until?: string
}
