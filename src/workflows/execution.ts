import { CancellationScope, sleep, workflowInfo } from '@temporalio/workflow'
import type { Json } from '../base/json.ts'
import { createReadFinder, dataOf, type PipelineData, type ReadFinder } from '../pipeline/evaluate/index.ts'
import {
  type ConnectionProfile,
  cleansUp,
  countChanges,
  createEarlyReads,
  createPipelineRunState,
  createSchedule,
  type EarlyReads,
  type ItemState,
  type PipelinePlan,
  type PipelineRunState,
  type PlanStep,
  type Schedule,
} from '../pipeline/plan/index.ts'
import { beginWorkflowTask, lookAtJobRuns, type TriggerDecision } from '../remote-run/index.ts'
import { type Alarm, createAlarm } from './alarm.ts'
import { createEnds, type Ends } from './ends.ts'
import { createLine } from './line.ts'
import type { LocalTriggers } from './local-triggers.ts'
import { createLostTriggers, type LostTriggers, noLostTriggers } from './lost-triggers.ts'
import type { NestedRunNews, PipelineTiming, RunPipelineInput } from './messages.ts'
import { createPace, type Pace } from './pace.ts'
import { createPlaces, type Places } from './places.ts'
import { type TornTasks, watchTornTasks } from './torn-tasks.ts'
import { type Changes, type ExecutionChanges, readChanges } from './versions.ts'

/** Job runs open at once; beyond it the server suffers more than the pipeline gains. */
const maxOpenJobRuns = 500
/**
 * Triggers under way at once. Each ends with two events, and more than 100 that come while a workflow task runs fail that task;
 * the ends of waits share the rest (`completionsPerTask` in src/activities).
 */
const maxTriggers = 32
const maxCleanupTriggers = 8
/** Cancels that are sent at once; further ones follow as these end, and by so many a second in any case. */
export const cancelsAtOnce = 32

/** What steps that are cancelled together share. */
export interface Lane {
  readonly scope: CancellationScope
  /** Of open job runs. */
  readonly places: Places
  /** Of triggers under way. */
  readonly triggers: Places
  /** Of those among them that are no local activities. */
  readonly regularTriggers: Places
  readonly alarm: Alarm
  /** Of what is scheduled. */
  readonly pace: Pace
}

/** One workflow execution of a pipeline run: the state that is carried on, and what lives only as long as this execution. */
export interface Execution {
  readonly input: RunPipelineInput
  /** Job runs on servers with idempotency keys are triggered by local activities. */
  readonly hasLocalTriggers: boolean
  /** Taken up from its history. Otherwise on a replay than before it: nothing that is in a history may hang on it. */
  readonly isTakenUp: boolean
  readonly has: Changes
  readonly plan: PipelinePlan
  readonly timing: PipelineTiming
  readonly state: PipelineRunState
  readonly schedule: Schedule
  /** What its values are evaluated over. */
  readonly data: PipelineData
  /** Of the steps; where local triggers are used it is cancelled a moment after the pipeline run, see `lostTriggers`. */
  readonly scope: CancellationScope
  readonly lostTriggers: LostTriggers
  readonly main: Lane
  /** Of steps that run on a cancel, too; undefined where the plan has none. */
  readonly cleanup: Lane | undefined
  /** True once nothing cleans up any more. */
  isCleanupOver: boolean
  readonly cancels: Places
  /** Steps of which an `if` that is asked again is just being evaluated. */
  readonly asking: Set<string>
  readonly earlyReads: EarlyReads
  /** While cancels wait. */
  widening?: Promise<void> | undefined
  /** Triggers whose outcome is not known, by `parkedKey`; each waits to be told what a person decided. */
  readonly parked: Map<string, (decision: TriggerDecision) => void>
  /** What nested pipeline runs last said, by their ids, and who waits for such news. */
  readonly nestedNews: Map<string, NestedRunNews>
  readonly nestedWaits: Map<string, () => void>
  /** What ends a generation that has to give up its place, by the token of the place. */
  readonly evictions: Map<string, () => void>
  /** Places that are being given back, by their tokens. */
  readonly leaving: Map<string, Promise<void>>
  /** Of what is evaluated, for all steps together. */
  readonly pace: Pace
  readonly reads: ReadFinder
  /** Who waits for the ends of job runs that signals bring. */
  readonly ends: Ends
  /** Local triggers, from the first job run on where they are used; null where they are not. */
  locals?: LocalTriggers | null
  readonly tornTasks: TornTasks
  /** The quick question what the connection is, once it was asked. */
  quickProfile?: Promise<ConnectionProfile | undefined>
  /** Steps that have begun and are not over. */
  underWay: number
  /** What the run was started with takes so much in Temporal; undefined where that is not known. */
  readonly startedBytes: number | undefined
  /** Job runs that were triggered or ended in this execution: without any, going on as new would lead nowhere. */
  progress: number
  /** Of outputs that this execution fetched for expressions; the next one would fetch them again. */
  fetchedBytes: number
  /** Outputs on their way, by job run and name. */
  readonly fetching: Map<string, Promise<void>>
  /** Workflows that tell receivers, on their way to be started. */
  readonly telling: Set<Promise<void>>
  outputs: Record<string, Json>
  finishedAtMs: number | null
  /** What no step can answer for, thrown by the workflow itself. */
  fatal?: { error: unknown }
}

/** @param run whose cancel is that of the pipeline run */
export function createExecution(input: RunPipelineInput, run: CancellationScope): Execution {
  const changes = readChanges()
  const { hasLocalTriggers, has } = changes
  const scope = hasLocalTriggers ? scopeApart(run) : run
  const { plan, inputs, timing, warnings } = input
  const { workflowId, startTime, historySize, unsafe } = workflowInfo()
  // Workflow time: the same on every replay.
  const state = countChanges(plan, input.state ?? createPipelineRunState(plan, startTime.getTime(), warnings))
  const schedule = createSchedule(plan, state)
  const main = createLane(scope, maxTriggers, changes)
  const execution: Execution = {
    input,
    hasLocalTriggers,
    isTakenUp: unsafe.isReplaying,
    has,
    plan,
    timing,
    state,
    schedule,
    data: dataOf(plan, state, {
      id: workflowId,
      inputs,
      schedule,
      ...(input.schedule ? { scheduledForMs: input.schedule.nominalMs } : {}),
    }),
    scope,
    lostTriggers: hasLocalTriggers
      ? createLostTriggers({
          run,
          scope,
          mayBe: () => mayBeFenced(state),
          calm: () => execution.locals?.calm(),
        })
      : noLostTriggers,
    main,
    cleanup: plan.steps.some(cleansUp) && has('clean-up') ? createCleanup(scope, changes) : undefined,
    isCleanupOver: false,
    cancels: createPlaces({
      limit: cancelsAtOnce,
      scope: { cancelRequested: new Promise<never>(() => {}) },
      applies: () => has('bounded-cancels'),
    }),
    asking: new Set(),
    earlyReads: createEarlyReads(plan),
    parked: new Map(),
    nestedNews: new Map(),
    nestedWaits: new Map(),
    evictions: new Map(),
    leaving: new Map(),
    pace: main.pace,
    reads: createReadFinder(),
    // At its beginning a history holds nothing else.
    startedBytes: input.startedBytes ?? (input.state || historySize === 0 ? undefined : historySize),
    underWay: 0,
    ends: createEnds({
      leaseMs: timing.waitLeaseMs,
      look: (runs) => lookAtJobRuns(plan.connection, runs, timing),
      calm: () => execution.locals?.calm(),
    }),
    tornTasks: watchTornTasks(),
    progress: 0,
    fetchedBytes: 0,
    fetching: new Map(),
    telling: new Set(),
    outputs: {},
    finishedAtMs: null,
  }
  return execution
}

function createLane(scope: CancellationScope, triggers: number, changes: ExecutionChanges): Lane {
  const { hasLocalTriggers, has } = changes
  return {
    scope,
    places: createPlaces({ limit: maxOpenJobRuns, scope }),
    triggers: createPlaces({ limit: triggers, scope, applies: () => has('bounded-triggers') }),
    regularTriggers: createPlaces({ limit: triggers, scope }),
    alarm: createAlarm(scope, has),
    pace: createPace(createLine(scope), hasLocalTriggers ? beginWorkflowTask : () => sleep(1)),
  }
}

function createCleanup(scope: CancellationScope, changes: ExecutionChanges): Lane {
  return createLane(scopeApart(scope), maxCleanupTriggers, changes)
}

/** A scope that a cancel of the pipeline run does not reach. */
function scopeApart(parent: CancellationScope): CancellationScope {
  const shield = new CancellationScope({ cancellable: false, parent })
  return new CancellationScope({ cancellable: true, parent: shield })
}

/** Also where its connection is not known yet. */
export function mayBeFenced({ connection }: PipelineRunState): boolean {
  return connection === null || connection.mode === 'fenced'
}

/** Where a step, or an item of one, is found among what waits for a person. */
export function parkedKey(step: string, item: number | null): string {
  return `${step}/${item ?? '-'}`
}

export function laneOf({ main, cleanup }: Execution, step: PlanStep): Lane {
  return cleanup && cleansUp(step) ? cleanup : main
}

/** Keys of places that are had around a step, and around what a step runs. */
export function keysAround({ input, state }: Execution, item?: ItemState): string[] {
  return [...(input.heldKeys ?? []), ...[state.place, item?.place].flatMap((place) => place?.key ?? [])]
}
