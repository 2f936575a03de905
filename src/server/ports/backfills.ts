import type { BackfillOrder, BackfillPlan, BackfillScope, BackfillView } from '../../contract/index.ts'
import type { Caller } from './caller.ts'

export interface NewBackfill {
  /** As people write it: what names no zone is of the schedule's. */
  from: string
  /** Exclusive. @default now */
  until?: string
  only?: BackfillScope
  order?: BackfillOrder
  maxActive?: number
  /** However many ticks there are. */
  isConfirmed?: boolean
  /** Hexadecimal digits that make its id. Left out: random ones. */
  key?: string
}

/**
 * Backfills of schedules, wherever they live. Each call is confined to the caller's workspace, and throws a JobwrightError: `unknown_schedule`,
 * `unknown_backfill` (also for one of another schedule), one that says what is wrong with the request, or one whose fault is `unreachable`.
 */
export interface Backfills {
  /** What one would do. */
  plan(caller: Caller, schedule: string, backfill: NewBackfill): Promise<BackfillPlan>
  /** `existed`: it was started before, under the same key. @throws JobwrightError `backfill_id_reused` for a key of another one */
  start(
    caller: Caller,
    schedule: string,
    backfill: NewBackfill,
  ): Promise<{ existed: boolean; backfill: BackfillView }>
  /** Newest first. */
  list(caller: Caller, schedule: string, limit: number | undefined): Promise<BackfillView[]>
  show(caller: Caller, schedule: string, id: string): Promise<BackfillView>
  /** @throws JobwrightError `backfill_over`, as `resume` does */
  pause(caller: Caller, schedule: string, id: string, note?: string): Promise<BackfillView>
  resume(caller: Caller, schedule: string, id: string): Promise<BackfillView>
  /** Of one that is over nothing is asked. */
  cancel(caller: Caller, schedule: string, id: string): Promise<BackfillView>
}
