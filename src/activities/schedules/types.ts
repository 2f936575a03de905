import type { Json } from '../../base/json.ts'
import type {
  ScheduleDefinition,
  ScheduledRun,
  ScheduleSpec,
  ScheduleState,
  Tick,
} from '../../schedule/plan/index.ts'
import type { temporalSpec } from '../../schedule/times/index.ts'

export interface ReadDueTicksInput {
  name: string
  spec: ScheduleSpec
  /** Nominal times after it, */
  fromMs: number
  /** and not after this one. */
  untilMs: number
  /** Where there are earlier ones, Temporal's schedule is looked at: it may be paused by hand. */
  coveredFromMs: number | null
  /** Runs that were open. */
  runs: string[]
}

export interface DueTicks {
  ticks: Tick[]
  /** Up to here: not everything is read at once. */
  untilMs: number
  isPartial: boolean
  /** Of the runs, those that are over. */
  closed: string[]
  isHandPaused: boolean
}

export interface StartScheduledRunInput {
  runId: string
  nominalMs: number
  kind: ScheduledRun['kind']
  /** @default those of the schedule */
  inputs?: Record<string, Json>
  /** The workflow id of the schedule's keeper. @default the workflow that asks */
  keeper?: string
}

/** `exists`: it was started before. */
export interface StartScheduledRunResult {
  began: 'started' | 'exists'
}

export interface SyncScheduleInput {
  name: string
  spec: ScheduleSpec
  workspace?: string
  isPaused: boolean
  /** A pause by hand ends, too. */
  isResuming: boolean
}

export interface SyncScheduleResult {
  tag: string
  renewAtMs: number | null
  isHandPaused: boolean
}

type WrittenSpec = ReturnType<typeof temporalSpec>['spec']

/** What a keeper was started with, as far as its runs have it. */
export interface KeeperArgument {
  definition: ScheduleDefinition
  timing: object
}

export interface ReadEarlierKeeperInput {
  /** Of its last execution, where that is known; else lists are asked. */
  runId?: string
}

/** What the keeper before left. */
export interface EarlierKeeper {
  definition: ScheduleDefinition
  state: ScheduleState
  /** Of its last execution. */
  runId: string
  /** Its schedule was deleted; else somebody ended it. */
  isDeleted: boolean
}

/** What is started for a tick. */
export interface ScheduledStart {
  runId: string
  scheduled: ScheduledRun
  inputs: Record<string, Json>
  argument: KeeperArgument
  /** The id of the backfill that asks. */
  backfill?: string
}

/** Schedules and their runs in Temporal, as the activities of keepers need them. */
export interface Schedules {
  /** Of the execution `runId`; without it of the present one. */
  argumentOf(keeper: { workflowId: string; runId?: string }): Promise<KeeperArgument>
  /** @throws JobwrightError `run_id_taken` when the id belongs to another run */
  start(start: ScheduledStart): Promise<'started' | 'exists'>
  cancel(runId: string): Promise<void>
  /**
   * @param runId of the earlier one, where it is known
   * @returns null where there was none, as far as Temporal remembers
   */
  earlierKeeper(
    keeper: { workflowId: string; runId: string },
    runId: string | undefined,
  ): Promise<EarlierKeeper | null>
  isOver(runId: string): Promise<boolean>
  isHandPaused(scheduleId: string): Promise<boolean>
  /** Writes Temporal's schedule. @returns whether it is paused by hand */
  write(
    scheduleId: string,
    clock: { spec: WrittenSpec; isPaused: boolean; isResuming: boolean },
  ): Promise<boolean>
  remove(scheduleId: string): Promise<void>
}
