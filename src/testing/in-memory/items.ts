import { type Each, resolveStep } from '../../pipeline/evaluate/index.ts'
import {
  concludeGeneration,
  type ItemState,
  type JobRunRecord,
  move,
  noteCancelling,
  noteOpen,
  type PlanStep,
  type RemoteRunOutcome,
} from '../../pipeline/plan/index.ts'
import { type Engine, evaluate, laneOf, noteConnection, stepErrorOf } from './engine.ts'
import { setupError } from './errors.ts'
import { requestOf } from './request.ts'

/** An item (or a step without `for_each`) to its end, all its generations. `done` is told later, never at once. */
export function runItem(engine: Engine, step: PlanStep, item: ItemState, each: Each, done: () => void): void {
  const { clock } = engine
  const finish = () => {
    item.finishedAtMs = clock.now()
    clock.soon(done)
  }
  let resolved: ReturnType<typeof resolveStep>
  try {
    resolved = resolveStep(step, (value) => evaluate(engine, value, step.forEach ? each : undefined))
  } catch (error) {
    item.error = stepErrorOf(error)
    move(item, 'failed')
    finish()
    return
  }
  item.startedAtMs ??= clock.now()
  item.generation = Math.max(1, item.generation)
  const next = () => runGeneration(engine, step, item, each, resolved, ended)
  const ended = (outcome: RemoteRunOutcome) => {
    const { isCancelled } = laneOf(engine, step)
    const goesOn = concludeGeneration(step, item, outcome, { nowMs: clock.now(), isCancelled })
    if (goesOn) backOff(engine, step, item, next, finish)
    else finish()
  }
  next()
}

/** Until the next generation is due, or a cancel comes. */
function backOff(
  { clock, main, cleanup, ...engine }: Engine,
  step: PlanStep,
  item: ItemState,
  next: () => void,
  finish: () => void,
): void {
  const { open } = laneOf({ clock, main, cleanup, ...engine }, step)
  const takeBack = clock.at(item.notBeforeMs ?? clock.now(), () => {
    open.delete(cancelled)
    item.notBeforeMs = null
    next()
  })
  const cancelled = () => {
    open.delete(cancelled)
    takeBack()
    move(item, 'cancelled')
    finish()
  }
  open.add(cancelled)
}

/** One job run, from trigger to its end. */
function runGeneration(
  engine: Engine,
  step: PlanStep,
  item: ItemState,
  each: Each,
  resolved: ReturnType<typeof resolveStep>,
  ended: (outcome: RemoteRunOutcome) => void,
): void {
  const { clock, jobRuns } = engine
  const { open } = laneOf(engine, step)
  let stopping: 'timeout' | 'cancelled' | undefined
  let takeBackTimeout: (() => void) | undefined
  item.generationStartedAtMs ??= clock.now()
  move(item, 'began')
  noteConnection(engine)

  const onEnd = (record: JobRunRecord) => {
    open.delete(onCancel)
    takeBackTimeout?.()
    ended(stopping ? { kind: stopping, record } : { kind: 'record', record })
  }
  if ('inputs' in resolved) throw nestedError(step)
  const triggered = jobRuns.trigger(requestOf(engine, step, item, each, resolved), onEnd)
  if ('code' in triggered) {
    item.error = triggered
    noteCancelling(item, clock.now())
    clock.soon(() => ended({ kind: 'error', error: triggered, record: null }))
    return
  }
  const { job_id: jobId, uuid: jobRunId, status } = triggered.shown
  noteOpen(item, { jobId, jobRunId, status })
  const stop = (reason: 'timeout' | 'cancelled') => {
    if (stopping) return
    stopping = reason
    item.error = null
    noteCancelling(item, clock.now())
    triggered.cancel()
  }
  const onCancel = () => stop('cancelled')
  open.add(onCancel)
  // What ends in the same instant has ended in time.
  if (step.timeoutMs !== undefined)
    takeBackTimeout = clock.at(clock.now() + step.timeoutMs, () => stop('timeout'), true)
}

function nestedError({ id }: PlanStep) {
  return setupError(
    'nested_pipeline',
    `step ${id} runs a pipeline, which is not run in memory`,
    'test that pipeline by itself',
  )
}
