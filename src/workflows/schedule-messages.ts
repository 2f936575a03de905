import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Json } from '../base/json.ts'
import { scheduleMessages } from '../contract/names.ts'
import type { ScheduleView } from '../contract/schedules/view.ts'
import type { LedgerEntry, ScheduleDefinition, ScheduleSpec, ScheduleState } from '../schedule/plan/index.ts'
import type { PipelineTiming } from './messages.ts'

/**
 * The argument of `keepSchedule`. Its definition is always the present one: after an edit the keeper goes on as a new execution.
 * A client starts one with `{ definition, timing, paused, earlierRunId }` together with the update `applySchedule` (update-with-start, under
 * the id that `installationNames().scheduleId` gives, conflict policy USE_EXISTING, reuse policy ALLOW_DUPLICATE).
 */
export interface KeepScheduleInput {
  definition: ScheduleDefinition
  /** Of its runs. */
  timing: PipelineTiming
  /** The file says `paused: true`. */
  paused?: boolean
  /** The closed execution that the client found under its id: lists may not know it yet. */
  earlierRunId?: string
  /** Goes on as a new workflow execution at this many events even if the server does not suggest it yet. */
  maxHistoryEvents?: number
  /** Carried across continue-as-new; absent at the start. */
  state?: ScheduleState
  /** What the execution before this one wrote into the ledger. Read back over `continuedExecutionRunId`. */
  previousPage?: LedgerEntry[]
}

export interface ApplyScheduleRequest {
  definition: ScheduleDefinition
  timing: PipelineTiming
  /** As the file says it; undefined where it says nothing. */
  paused?: boolean
}

export interface ApplyScheduleAnswer {
  revision: number
  /** Names of the fields of the definition that differ from before, and `paused`; empty when nothing changed. */
  changed: string[]
  /** The keeper was started for it. */
  created: boolean
}

export interface PauseScheduleRequest {
  note?: string
  /** Who. */
  by?: string
}

export interface TriggerScheduleRequest {
  /** Resolved and checked against the plan's inputs; absent: those of the schedule. */
  inputs?: Record<string, Json>
  /** Makes the run's id, so that a request that is sent again starts nothing more: random hexadecimal digits. */
  key: string
}

export interface LedgerPage {
  /** Of this execution, oldest first. */
  entries: LedgerEntry[]
  /** Of the one before; the first event of that one's history has the page before that. */
  previousPage: LedgerEntry[]
  /** Ticks are decided, or wait for their time, up to here. */
  takenUntilMs: number
  spec: ScheduleSpec
  /** Of the keeper before this one, its last: the ledger goes on there. */
  earlierExecution?: string
}

/*
 * Updates fail as `steer` does, with an ApplicationFailure whose type is the code: `schedule_name_taken`, `schedule_deleted`.
 * `AcceptedUpdateCompletedWorkflow` (the execution went on as a new one meanwhile): ask again.
 */
export const applyScheduleUpdate = defineUpdate<ApplyScheduleAnswer, [ApplyScheduleRequest]>(
  scheduleMessages.apply,
)
export const pauseScheduleUpdate = defineUpdate<ScheduleView, [PauseScheduleRequest]>(scheduleMessages.pause)
/** Lifts whichever pause there is, also that of Temporal's own schedule. What was due meanwhile is not made up for. */
export const resumeScheduleUpdate = defineUpdate<ScheduleView, []>(scheduleMessages.resume)
/** Starts a run now, whatever else is open, also while it is paused. */
export const triggerScheduleUpdate = defineUpdate<{ run: string }, [TriggerScheduleRequest]>(
  'triggerSchedule',
)
/** Temporal's schedule goes, then the keeper ends as completed; its ledger can be read until Temporal forgets it. Open runs go on. */
export const deleteScheduleUpdate = defineUpdate<ScheduleView, []>(scheduleMessages.delete)
/** Brings the ledger up to date where nothing is to be started: a paused schedule is woken by nobody else. Ask before reading a ledger. */
export const refreshScheduleUpdate = defineUpdate<ScheduleView, []>(scheduleMessages.refresh)

/** Temporal's schedule acted for the time `atMs`. */
export const wakeSignal = defineSignal<[{ atMs: number }]>(scheduleMessages.wake)
/** What a backfill started. */
export const backfilledSignal = defineSignal<[LedgerEntry[]]>(scheduleMessages.backfilled)

/** `next_at` is empty, and warnings that need times are missing: who asks adds them. */
export const scheduleQuery = defineQuery<ScheduleView>(scheduleMessages.view)
/** The definition as it is kept, with its plan. */
export const scheduleDefinitionQuery = defineQuery<ScheduleDefinition>(scheduleMessages.definition)
/** For a keeper that goes on where another one was ended. */
export const scheduleStateQuery = defineQuery<ScheduleState>(scheduleMessages.state)
export const ledgerQuery = defineQuery<LedgerPage>(scheduleMessages.ledger)

/** What can be read of a keeper without a worker. */
export interface ScheduleMemo {
  schedule: string
  pipeline: string
  workspace?: string
  owner?: string
}
