import type { Json } from '../base/json.ts'
import type { ScheduleView, TickOutcome } from '../contract/schedules/view.ts'
import type { StartablePipeline } from '../pipelines/prepare.ts'
import type { CallOptions } from '../pipelines/waiting.ts'
import type { ScheduleRequest } from '../schedule/plan/index.ts'
import type { SimulationOptions } from '../schedule/simulation/index.ts'

/** A schedule as it is to be. */
export interface NewSchedule {
  /** What its runs are of: the plan that a pipeline file was compiled to, or a pipeline in code. The schedule keeps it. */
  pipeline: StartablePipeline
  /**
   * When and how: one of `schedules` of a compiled pipeline; of a pipeline in code the name of one that it has is enough.
   * @default the only one that the pipeline in code has
   */
  schedule?: ScheduleRequest | string | undefined
  /**
   * Of the saved pipeline that it is applied from.
   * @default it is none
   */
  version?: number | undefined
}

/** Which schedules are listed. */
export interface ListSchedules extends CallOptions {
  /**
   * How many at most.
   * @default 100
   */
  limit?: number | undefined
  /** Only those of pipelines of this name. @default all */
  pipeline?: string | undefined
  /**
   * The `nextCursor` of an earlier answer: the list goes on there.
   * @default from the beginning
   */
  cursor?: string | null | undefined
}

/** A part of a list. */
export interface SchedulePage {
  /** By name. */
  schedules: ScheduleView[]
  /** Where the list goes on; null at its end. */
  nextCursor: string | null
}

/** Why a schedule is paused. */
export interface PauseSchedule extends CallOptions {
  /** Shown until it is resumed. */
  note?: string | undefined
}

/** A run beside the times of a schedule. */
export interface TriggerSchedule extends CallOptions {
  /** Over those of the schedule, for this run. */
  inputs?: Readonly<Record<string, Json>> | undefined
  /**
   * Makes the run's id: under one that was used before nothing is started again. Up to 64 of `0-9a-f`.
   * @default random
   */
  key?: string | undefined
}

/** What came of a trigger. */
export interface TriggeredRun {
  /** The id of the run. */
  run: string
  /** It was started before, under the same key; nothing new was. */
  existed: boolean
}

/** Which times of a ledger are read. */
export interface ReadLedger extends CallOptions {
  /** Nominal then or later. @default as far back as runs are kept */
  from?: Date | undefined
  /** Nominal before. @default until now */
  until?: Date | undefined
  /** Only times that came to this. @default all */
  outcomes?: readonly TickOutcome[] | undefined
}

/** Which times are simulated, and with what. */
export interface SimulateSchedule extends CallOptions, SimulationOptions {}
