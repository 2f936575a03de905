import type { JsonObject } from '../../base/json.ts'
import type { ScheduleChange, ScheduleView, Simulation, TickOutcome, TickRow } from '../../contract/index.ts'
import type { ScheduleRequest } from '../../schedule/plan/index.ts'
import type { Caller } from './caller.ts'

export interface NewSchedule {
  /** Made by the compiler, or checked as if it were. */
  plan: JsonObject
  request: ScheduleRequest
  /** Of the saved pipeline that it is applied from. */
  version?: number
}

export interface ScheduleTrigger {
  /** Over those of the schedule. */
  inputs?: JsonObject
  /** Hexadecimal digits that make the run's id. Left out: random ones. */
  key?: string
}

export interface ScheduleFilter {
  pipeline?: string
  limit: number
  cursor?: string
}

/** Instants in milliseconds since the epoch; `fromMs` inclusive, `untilMs` exclusive. */
export interface TickRange {
  fromMs?: number
  untilMs?: number
}

/** How much is looked at: so many times, or those of a range. */
export interface SimulationRange extends TickRange {
  count?: number
  /** How long each run is taken to take. */
  assumeMs?: number
}

/**
 * Schedules, wherever they live. Each call is confined to the caller's workspace, and throws a JobwrightError: `unknown_schedule`,
 * one that says what is wrong with the request, or one whose fault is `unreachable`.
 */
export interface Schedules {
  /** What `apply` would change. */
  plan(caller: Caller, schedule: NewSchedule): Promise<ScheduleChange>
  apply(caller: Caller, schedule: NewSchedule): Promise<ScheduleChange>
  /** By name. Throws an error whose `code` is `bad_cursor` for a cursor it did not make. */
  list(
    caller: Caller,
    filter: ScheduleFilter,
  ): Promise<{ schedules: ScheduleView[]; nextCursor: string | null }>
  show(caller: Caller, name: string): Promise<ScheduleView>
  delete(caller: Caller, name: string): Promise<void>
  pause(caller: Caller, name: string, note?: string): Promise<ScheduleView>
  resume(caller: Caller, name: string): Promise<ScheduleView>
  /** The id of the run that was started; `existed`: before, under the same key. @throws JobwrightError `run_id_reused` for one used with other inputs */
  trigger(caller: Caller, name: string, trigger: ScheduleTrigger): Promise<{ existed: boolean; run: string }>
  /** By nominal time. */
  ticks(
    caller: Caller,
    name: string,
    range: TickRange & { outcomes?: readonly TickOutcome[] },
  ): Promise<TickRow[]>
  /** @param schedule one that there is, by its name, or one that there need not be */
  simulate(caller: Caller, schedule: string | ScheduleRequest, range: SimulationRange): Promise<Simulation>
}
