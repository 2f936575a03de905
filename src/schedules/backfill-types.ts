import type { BackfillOrder, BackfillScope } from '../contract/schedules/backfills.ts'
import type { CallOptions } from '../pipelines/waiting.ts'

/** Which times of a schedule are made up for, and how. */
export interface BackfillOptions extends CallOptions {
  /** Times from then on. Text is RFC 3339, or a day (`2026-04-13`) or a time (`2026-04-13T02:30`) of the schedule's zone. */
  from: Date | string
  /** Times before. @default now */
  until?: Date | string | undefined
  /**
   * `missing`: times without a run. `failed`: those whose last run ended otherwise than completed. `all`: every one. One that has an open
   * run is always left to it.
   * @default 'missing'
   */
  only?: BackfillScope | undefined
  /** @default 'oldest' first */
  order?: BackfillOrder | undefined
  /**
   * How many of its runs are open at once, up to 100; the schedule's own overlap policy is for its own runs.
   * @default 1
   */
  maxActive?: number | undefined
  /**
   * That more than 10,000 times are meant.
   * @default false
   */
  isConfirmed?: boolean | undefined
}

/** How a backfill is started. */
export interface StartBackfill extends BackfillOptions {
  /**
   * Makes its id: under one that was used before nothing is started again. Up to 64 of `0-9a-f`.
   * @default random
   */
  key?: string | undefined
}

/** Which backfills of a schedule are listed. */
export interface ListBackfills extends CallOptions {
  /**
   * How many at most, newest first.
   * @default 20
   */
  limit?: number | undefined
}
