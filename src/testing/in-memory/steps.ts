import type { Json } from '../../base/json.ts'
import { listOf, outputNotReady } from '../../pipeline/evaluate/index.ts'
import {
  cleanupIsOver,
  concludeStep,
  createItems,
  createRunOutputs,
  defaultCleanupMs,
  fittingView,
  type ItemState,
  isAskedAgain,
  limitKey,
  mayStartItem,
  move,
  noteUnfinished,
  type PipelineRunView,
  type PlanStep,
  pipelineStatus,
  skipAll,
  skipItem,
  stepState,
  takeNext,
  viewBytes,
  viewPipelineRun,
  warnOfContinued,
  whyNotLetIn,
} from '../../pipeline/plan/index.ts'
import { type Engine, evaluate, evaluateIf, type Lane, laneOf, stepErrorOf } from './engine.ts'
import { runItem } from './items.ts'

/** Begins a run. It is alone, and so has its place at once; a key that is none fails it all the same. */
export function begin(engine: Engine): void {
  const { plan, state, schedule } = engine
  try {
    if (plan.concurrency) limitKey(evaluate(engine, plan.concurrency.key))
  } catch (error) {
    state.notBegun = stepErrorOf(error)
    state.warnings.push(`it did not begin: ${state.notBegun.message}`)
    skipAll(state, 'the pipeline run did not begin')
    for (const step of plan.steps) schedule.ended(step)
    return
  }
  startReady(engine)
}

/** Starts or skips every step whose needs are done; a skipped one may make others ready. */
export function startReady(engine: Engine): void {
  const { schedule, state } = engine
  const take = () =>
    takeNext(schedule, state, {
      cancelRequested: state.cancelRequested,
      cleansUp: engine.cleanup !== undefined && !engine.isCleanupOver,
    })
  for (let next = take(); next; next = take()) {
    if (next.isSkipped) schedule.ended(next.step)
    else launch(engine, next.step)
  }
}

function launch(engine: Engine, step: PlanStep): void {
  const { clock, state, schedule } = engine
  const own = stepState(state, step.id)
  const begin = () => {
    noteUnfinished(state, step, engine.earlyReads)
    move(own, 'began')
  }
  const ended = () =>
    clock.soon(() => {
      if (!state.cancelRequested) warnOfContinued(state, step)
      schedule.ended(step)
      startReady(engine)
      timeCleanup(engine)
      finishLater(engine)
    })
  // What is asked again waits until it is let in.
  if (!isAskedAgain(step)) begin()
  const isOpen = schedule.hasOpenNeeds(step)
  try {
    if (!step.if || evaluateIf(engine, step, step.if.source)) {
      if (isAskedAgain(step)) begin()
      runJobStep(engine, step, ended)
      return
    }
    if (isOpen) return
    own.skippedBecause = whyNotLetIn(state)
    move(own, 'was_skipped')
  } catch (error) {
    const stepError = stepErrorOf(error)
    if (isOpen && stepError.code === outputNotReady) return
    own.error = stepError
    move(own, 'failed')
  }
  ended()
}

/** To its end, with all its items. */
function runJobStep(engine: Engine, step: PlanStep, ended: () => void): void {
  const own = stepState(engine.state, step.id)
  move(own, 'found_running')
  let values: Json[]
  try {
    values = step.forEach ? listOf(evaluate(engine, step.forEach, step)) : [null]
    own.items = createItems(engine.schedule, values)
  } catch (error) {
    own.error = stepErrorOf(error)
    move(own, 'failed')
    ended()
    return
  }
  const { items } = own
  runItems(engine, step, items, values, () => {
    concludeStep(own, items)
    ended()
  })
}

/** Not more than `max_parallel` at a time, in their order. */
function runItems(
  engine: Engine,
  step: PlanStep,
  items: readonly ItemState[],
  values: readonly Json[],
  done: () => void,
): void {
  const lane = laneOf(engine, step)
  let next = 0
  let underWay = 0
  let mayStart = true
  const startNext = (): void => {
    while (underWay < step.maxParallel && next < items.length) {
      const index = next++
      const item = items[index]
      if (!item) continue
      if (!mayStart || lane.isCancelled) {
        skipItem(engine.state, item)
        continue
      }
      underWay += 1
      runItem(engine, step, item, { value: values[index] ?? null, index }, () => {
        underWay -= 1
        mayStart &&= mayStartItem(step, [item])
        startNext()
      })
    }
    if (underWay === 0) done()
  }
  startNext()
}

/** Tells of the end once every step is done. */
export function finishLater({ clock, schedule, ...engine }: Engine): void {
  const { onFinished } = engine
  if (onFinished && schedule.isFinished()) clock.soon(onFinished)
}

/** Cancels the pipeline run; asked a second time, what cleans up as well. */
export function cancelPipelineRun(engine: Engine): void {
  const { clock, state } = engine
  if (state.cancelRequested) {
    endCleanup(engine)
    return
  }
  state.cancelRequested = true
  state.cancelRequestedAtMs ??= clock.now()
  cancelLane(engine.main)
  engine.schedule.reconsider()
  startReady(engine)
  timeCleanup(engine)
  finishLater(engine)
}

function cancelLane(lane: Lane): void {
  lane.isCancelled = true
  for (const cancel of [...lane.open]) cancel()
}

function endCleanup(engine: Engine): void {
  engine.isCleanupOver = true
  if (engine.cleanup) cancelLane(engine.cleanup)
  startReady(engine)
  finishLater(engine)
}

/** What cleans up has its time from when nothing else is left. */
function timeCleanup(engine: Engine): void {
  const { clock, cleanup, schedule, state } = engine
  if (!cleanup || !state.cancelRequested || engine.isCleanupTimed || !schedule.isCleanupAlone()) return
  if (schedule.isFinished()) return
  engine.isCleanupTimed = true
  clock.at(clock.now() + defaultCleanupMs, () => {
    if (schedule.isFinished() || engine.isCleanupOver) return
    state.warnings.push(cleanupIsOver)
    endCleanup(engine)
  })
}

/** Ends a pipeline run whose steps are all done. */
export function close(engine: Engine): PipelineRunView {
  const { plan, state, clock } = engine
  if (pipelineStatus(plan, state) !== 'cancelled') evaluateOutputs(engine)
  engine.finishedAtMs = clock.now()
  return view(engine)
}

function view({ plan, state, data, finishedAtMs, outputs }: Engine): PipelineRunView {
  return fittingView(viewPipelineRun(plan, state, { id: data.id, finishedAtMs, outputs }))
}

function evaluateOutputs(engine: Engine): void {
  const kept = createRunOutputs(engine, viewBytes(view(engine)))
  for (const { name, value } of engine.plan.outputs) {
    try {
      kept.keep(name, evaluate(engine, value))
    } catch (error) {
      kept.miss(name, stepErrorOf(error))
    }
  }
}
