import type {
  BackfillRequest,
  EndedRun,
  ScheduleDefinition,
  Tick,
  TickRun,
} from '../../schedule/plan/index.ts'

/** What an execution of a backfill was started with: the schedule as it was when the backfill began, in every execution the same. */
export interface BackfillArgument {
  definition: ScheduleDefinition
  request: BackfillRequest
  timing: object
  /** Of the schedule, as it was then. */
  revision: number
}

export interface AdvanceBackfillInput {
  /** Of the backfill. */
  id: string
  /** The nominal time of the last tick that was looked at. */
  cursor: number | null
  /** How many runs may be started. */
  places: number
}

export interface BackfillRunsInput {
  runIds: string[]
}

/** Runs of ticks in Temporal, as a backfill needs them. */
export interface TickRuns {
  /** What the execution that asks was started with. */
  argument(): Promise<BackfillArgument>
  ticks(argument: BackfillArgument): readonly Tick[]
  /** Whether the backfill that asks was cancelled or paused: asked before each start, as the attempt may be late. */
  isStopped(): Promise<boolean>
  /** The id of the tick's own run. */
  ownId(definition: ScheduleDefinition, tick: Tick): string
  look(runId: string): Promise<TickRun | undefined>
  start(start: StartTickRun): Promise<'started' | 'exists'>
  /** Lets the keeper of the schedule note runs that a backfill started. One that is gone needs not know. */
  tellKeeper(argument: BackfillArgument, started: readonly StartedTick[]): Promise<void>
  /** Those of them that are over, as soon as one is; none when the time is up before. */
  awaitEnds(runIds: readonly string[], waitMs: number, signal: AbortSignal): Promise<EndedRun[]>
  cancel(runId: string): Promise<void>
}

export interface StartedTick {
  tick: Tick
  runId: string
}

export interface StartTickRun {
  runId: string
  tick: Tick
  argument: BackfillArgument
  /** Of the backfill. */
  id: string
}
