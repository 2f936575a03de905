import { type Each, type ResolvedStep, resolveStep } from '../../pipeline/evaluate/index.ts'
import {
  concludeGeneration,
  type ItemState,
  isNested,
  type JobRunRecord,
  limitKey,
  move,
  nestedRunId,
  noteCancelling,
  noteOpen,
  type PlanStep,
  type RemoteRunOutcome,
  type StepError,
} from '../../pipeline/plan/index.ts'
import { type Engine, evaluate, laneOf, noteConnection, stepErrorOf } from './engine.ts'
import { requestOf } from './request.ts'

/** An item (or a step without `for_each`) to its end, all its generations. `done` is told later, never at once. */
export function runItem(engine: Engine, step: PlanStep, item: ItemState, each: Each, done: () => void): void {
  const { clock } = engine
  const finish = () => {
    item.finishedAtMs = clock.now()
    clock.soon(done)
  }
  let resolved: ResolvedStep
  try {
    const own = step.forEach ? each : undefined
    resolved = resolveStep(step, (value) => evaluate(engine, value, step, own))
    if (step.concurrency) limitKey(evaluate(engine, step.concurrency.key, step, own))
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
  resolved: ResolvedStep,
  ended: (outcome: RemoteRunOutcome) => void,
): void {
  const { clock } = engine
  const { open } = laneOf(engine, step)
  let stopping: 'timeout' | 'cancelled' | undefined
  let takeBackTimeout: (() => void) | undefined
  item.generationStartedAtMs ??= clock.now()
  move(item, 'began')
  if (!isNested(step)) noteConnection(engine)

  const onEnd = (record: JobRunRecord) => {
    open.delete(onCancel)
    takeBackTimeout?.()
    ended(stopping ? { kind: stopping, record } : { kind: 'record', record })
  }
  const triggered = trigger(engine, step, item, each, resolved, onEnd)
  if ('code' in triggered) {
    item.error = triggered
    noteCancelling(item, clock.now())
    clock.soon(() => ended({ kind: 'error', error: triggered, record: null }))
    return
  }
  noteOpen(item, triggered)
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

/** Starts the job run, or the pipeline run, that the generation is; or why the server refuses to. */
function trigger(
  engine: Engine,
  step: PlanStep,
  item: ItemState,
  each: Each,
  resolved: ResolvedStep,
  onEnd: (record: JobRunRecord) => void,
): { jobId: string; jobRunId: string; status: string; cancel(): void } | StepError {
  if ('inputs' in resolved && isNested(step)) {
    const { inputs } = resolved
    const place = { step: step.id, item: step.forEach ? each.index : null, generation: item.generation }
    const id = nestedRunId(engine.data.id, place)
    const start = { parent: engine, step, plan: step.target.pipeline, inputs, id, onEnd }
    return { jobId: '', jobRunId: id, status: 'running', ...engine.startNested(start) }
  }
  if ('inputs' in resolved) throw new Error('a step that runs a job has no inputs')
  const run = engine.jobRuns.trigger(requestOf(engine, step, item, each, resolved), onEnd)
  if ('code' in run) return run
  const { job_id: jobId, uuid: jobRunId, status } = run.shown
  return { jobId, jobRunId, status, cancel: run.cancel }
}
