import { CancelledFailure, isCancellation, workflowInfo } from '@temporalio/workflow'
import { type Each, type ResolvedStep, resolveStep, valuesOf } from '../pipeline/evaluate/index.ts'
import {
  concludeGeneration,
  forgetTrigger,
  type ItemState,
  isBegun,
  isNested,
  move,
  namesPipelineRun,
  noteCancelling,
  noteOpen,
  type PlanStep,
  type RemoteRunOutcome,
  secretNames,
  settleGeneration,
  skipItem,
} from '../pipeline/plan/index.ts'
import {
  type OpenJobRun,
  type RemoteRun,
  type RemoteRunRequest,
  type RunToEnd,
  remoteRunIn,
  runToEnd,
  stopRefused,
} from '../remote-run/index.ts'
import { evaluateNow, prepare } from './evaluation.ts'
import { type Execution, type Lane, laneOf, parkedKey } from './execution.ts'
import { timeLeftOf, untilDue } from './item-times.ts'
import { enterItem, inPlace, leavePlace, noteEviction } from './limits.ts'
import { type NestedPlace, nestedRun } from './nested-run.ts'
import { type Enter, enter } from './places.ts'
import { boundedCancel, reach } from './reach.ts'
import { stepErrorOf } from './step-failure.ts'
import { noteHeld, surroundingsOf } from './surroundings.ts'

/**
 * Calls `begin` once there is a place for the item's job run and one for its trigger; with false, and without places, when the
 * scope is cancelled first.
 */
export function whenPlaced({ places, triggers }: Lane, item: ItemState, begin: Enter): void {
  places.take((hasPlace) => {
    // A run that is open has no trigger before it.
    if (!hasPlace || item.jobRunId !== null) return begin(hasPlace)
    triggers.take((mayTrigger) => {
      if (!mayTrigger) places.giveBack()
      begin(mayTrigger)
    })
  }, item.generation > 0)
}

/** Gives back what `whenPlaced` gave for an item that is not to begin after all. */
export function leavePlaces({ places, triggers }: Lane): void {
  triggers.giveBack()
  places.giveBack()
}

/**
 * An item (or a step without `for_each`) to its end, all its generations.
 * @param hasPlaces as `whenPlaced` said; without them it is only brought to an end
 */
export async function runItem(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  each: Each,
  hasPlaces: boolean,
): Promise<void> {
  const { places, triggers, pace } = laneOf(execution, step)
  let isTriggering = hasPlaces && item.jobRunId === null
  let isUnderWay = false
  const triggered = () => {
    if (isTriggering) triggers.giveBack()
    isTriggering = false
  }
  try {
    if (!hasPlaces) throw new CancelledFailure('cancelled while it waited for a place')
    const values = [...valuesOf(step), ...(step.concurrency ? [step.concurrency.key] : [])]
    for (let wait = prepare(execution, values, step); wait; wait = prepare(execution, values, step))
      await wait
    const resolved = resolveStep(step, (value) =>
      evaluateNow(execution, value, { step, each: step.forEach ? each : undefined }),
    )
    item.startedAtMs ??= Date.now()
    item.generation = Math.max(1, item.generation)
    for (;;) {
      if (item.notBeforeMs !== null) {
        triggered()
        await untilDue(execution, step, item.notBeforeMs)
      }
      item.notBeforeMs = null
      if (step.concurrency && item.generationStartedAtMs === null) {
        move(item, 'began')
        // Whoever waits has no trigger under way.
        if (!(await enterItem(execution, step, item, each, triggered))) break
      }
      if (item.jobRunId === null && !isTriggering) {
        const entered = enter(triggers)
        if (!(entered === true || (await entered)))
          throw new CancelledFailure('cancelled before its next run')
        isTriggering = true
      }
      // What is triggered by a local activity is not in the history.
      const isScheduled = item.jobRunId === null && !(execution.locals && 'target' in resolved)
      const admitted = isScheduled ? pace.admit(resolved.bytes) : undefined
      if (admitted) await admitted
      const asked = mayHaveBegun(execution, step, item)
      const isBarred = asked !== undefined && (await asked)
      isUnderWay = true
      const generation = () => runGeneration(execution, step, item, each, { resolved, triggered, isBarred })
      const ended = step.concurrency ? inPlace(execution, item, generation) : generation()
      if (isBarred) execution.lostTriggers.bars(ended)
      const outcome = await ended
      triggered()
      const isNext = goesOn(execution, step, item, outcome)
      noteEviction(item)
      leavePlace(execution, item)
      if (!isNext) break
    }
  } catch (error) {
    triggered()
    if (!isUnderWay && isBegun(item)) {
      await endBegun(execution, step, item, each, error)
    } else if (isCancellation(error)) {
      if (item.generation > 0) move(item, 'cancelled')
      else skipItem(execution.state, item)
    } else {
      item.error = stepErrorOf(error)
      move(item, 'failed')
    }
  }
  triggered()
  leavePlace(execution, item)
  item.finishedAtMs = Date.now()
  if (hasPlaces) places.giveBack()
}

/**
 * Undefined: its run may begin. True: it must not, and may have begun in a workflow task that was lost.
 * @throws a cancellation where it must not and has not
 */
function mayHaveBegun(execution: Execution, step: PlanStep, item: ItemState): Promise<boolean> | undefined {
  if (item.jobRunId !== null || laneOf(execution, step) !== execution.main) return undefined
  return execution.lostTriggers.ask()?.then((may) => {
    if (may) return true
    // Nobody saw it begin.
    if (item.status === 'pending') Object.assign(item, { generation: 0, startedAtMs: null })
    throw new CancelledFailure('cancelled before its run')
  })
}

/**
 * Ends a generation that an earlier execution began and this one cannot go on with, as it was cancelled, or refused, while it
 * evaluated anew what the run was made of. The cancel goes by the key, which is not made of that.
 */
export async function endBegun(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  each: Each,
  error: unknown,
): Promise<void> {
  const stepError = isCancellation(error) ? undefined : stepErrorOf(error)
  move(item, 'began')
  noteCancelling(item, Date.now())
  const remote = remoteOfBegun(execution, step, item, each)
  const record = remote ? await stopRefused(boundedCancel(execution, remote)) : null
  const { status } = settleGeneration(
    step,
    item,
    stepError ? { kind: 'error', error: stepError, record } : { kind: 'cancelled', record },
  )
  move(item, status)
  forgetTrigger(item)
  leavePlace(execution, item)
  item.finishedAtMs = Date.now()
  // It may have been the one that a person was asked about.
  if (workflowInfo().memo?.status === 'held') noteHeld(execution)
}

/** Without what it was made of, which a cancel does without; undefined where nothing was ever sent. */
export function remoteOfBegun(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  each: Each,
): RemoteRun | undefined {
  if (isNested(step)) return nestedRun(execution, placeOf(step, item, each), {})
  const { connection } = execution.state
  const request = requestOf(execution, step, item, each, { target: { jobType: '' }, config: null })
  return connection ? remoteRunIn(connection, request) : undefined
}

function placeOf(step: PlanStep, item: ItemState, { index }: Each): NestedPlace {
  return { step, item, index: step.forEach ? index : null }
}

/** True when another generation follows. */
function goesOn(execution: Execution, step: PlanStep, item: ItemState, outcome: RemoteRunOutcome): boolean {
  execution.progress += 1
  const isCancelled = laneOf(execution, step).scope.consideredCancelled
  return concludeGeneration(step, item, outcome, { nowMs: Date.now(), isCancelled })
}

interface GenerationOptions {
  resolved: ResolvedStep
  /** Gives the place of its trigger back. */
  triggered: () => void
  /** Cancelled before it began, as far as the history knows. */
  isBarred: boolean
}

function runGeneration(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  each: Each,
  { resolved, triggered, isBarred }: GenerationOptions,
): Promise<RemoteRunOutcome> {
  item.generationStartedAtMs ??= Date.now()
  const refused = item.status === 'cancelling' ? item.error : null
  const left = timeLeftOf(execution, step, item, item.generationStartedAtMs)
  move(item, 'began')
  const remote: RunToEnd['remote'] =
    'inputs' in resolved
      ? () => boundedCancel(execution, nestedRun(execution, placeOf(step, item, each), resolved.inputs))
      : () =>
          reach(execution, { step, item }, requestOf(execution, step, item, each, resolved, triggered), left)
  return runToEnd({
    remote,
    left,
    openJobRunId: item.jobRunId,
    isBarred,
    onOpen(jobRun) {
      execution.progress += 1
      noteOpen(item, execution.locals ? afterQuickLook(jobRun) : jobRun)
      if (execution.locals) item.isTold = true
      triggered()
    },
    refused,
    onCancelling(refusal) {
      triggered()
      item.error = refusal
      // What a person says comes too late from now on.
      execution.parked.delete(parkedKey(step.id, step.forEach ? each.index : null))
      noteCancelling(item, Date.now())
    },
  })
}

/** A run that was triggered a moment ago is pending whatever becomes of it, and nothing comes from it before its end. */
function afterQuickLook(jobRun: OpenJobRun): OpenJobRun {
  return jobRun.status === 'pending' ? { ...jobRun, status: 'running' } : jobRun
}

function requestOf(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  each: Each,
  { target, config }: Pick<RemoteRunRequest, 'target' | 'config'>,
  onSettling: () => void = () => {},
): RemoteRunRequest {
  return {
    surroundings: surroundingsOf(execution, step, item, each, onSettling),
    secrets: secretNames([step]),
    connection: execution.plan.connection,
    pipeline: execution.plan.name,
    timing: execution.timing,
    step: step.id,
    item: step.forEach ? each.index : null,
    generation: item.generation,
    isMarked: namesPipelineRun(step.config),
    target,
    config,
  }
}
