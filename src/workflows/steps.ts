import { CancellationScope, isCancellation } from '@temporalio/workflow'
import { outputNotReady } from '../pipeline/evaluate/index.ts'
import {
  isAskedAgain,
  move,
  noteUnfinished,
  type PlanStep,
  stepState,
  takeNext,
  warnOfContinued,
  whyNotLetIn,
} from '../pipeline/plan/index.ts'
import { evaluateIf, evaluateIfNow, prepareIf } from './evaluation.ts'
import { type Execution, laneOf } from './execution.ts'
import { runJobStep } from './job-step.ts'
import { logStepEnded, logStepStarted } from './run-log.ts'
import { stepErrorOf } from './step-failure.ts'

/** Starts what an earlier execution had under way, then all that is ready. */
export function startSteps(execution: Execution): void {
  for (const step of execution.schedule.begun) launch(execution, step)
  startReady(execution)
}

/**
 * Steps that have begun and are not over, beyond which no other one begins: they would wait for places only, and to begin thousands at once
 * takes longer than a workflow task may.
 */
const mostUnderWay = 600

function isFull({ underWay, scope, has }: Execution): boolean {
  return underWay >= mostUnderWay && !scope.consideredCancelled && has('bounded-steps')
}

/** Starts or skips every step whose needs are done, as far as there is room; a skipped one may make others ready. */
export function startReady(execution: Execution): void {
  const { schedule, state, scope, lostTriggers } = execution
  if (lostTriggers.holds(() => startReady(execution))) return
  const take = () =>
    takeNext(schedule, state, {
      cancelRequested: state.cancelRequested || scope.consideredCancelled,
      cleansUp: execution.cleanup !== undefined && !execution.isCleanupOver,
    })
  while (!isFull(execution)) {
    const next = take()
    if (!next) return
    const { step, isSkipped } = next
    if (isSkipped) {
      logStepEnded(execution, step)
      schedule.ended(step)
    } else {
      if (isAskedAgain(step) && step.if) ask(execution, step, step.if)
      else begin(execution, step)
    }
  }
}

function begin(execution: Execution, step: PlanStep): void {
  logStepStarted(execution, step)
  noteUnfinished(execution.state, step, execution.earlyReads)
  launch(execution, step)
}

function launch(execution: Execution, step: PlanStep): void {
  const own = stepState(execution.state, step.id)
  move(own, 'began')
  execution.underWay += 1
  // What has items was let in by its `if` already; so was what waits until it holds.
  const condition = own.items || isAskedAgain(step) ? undefined : step.if
  inBackground(
    execution,
    step,
    () => (condition ? runIf(execution, step, condition.source) : runJobStep(execution, step)),
    () => {
      execution.underWay -= 1
      ended(execution, step)
    },
  )
}

/** Whatever it throws beyond a step error ends the workflow. */
function inBackground<T>(
  execution: Execution,
  step: PlanStep,
  run: () => Promise<T>,
  then: (result: T) => void,
): void {
  const { scope } = laneOf(execution, step)
  // Whoever made it ready may be one of those that a cancel reaches, or one of those that it does not.
  const work = CancellationScope.current() === scope ? run() : scope.run(run)
  work.then(then, (error: unknown) => {
    execution.fatal = { error }
  })
}

function ended(execution: Execution, step: PlanStep): void {
  if (!execution.scope.consideredCancelled) warnOfContinued(execution.state, step)
  logStepEnded(execution, step)
  execution.schedule.ended(step)
  startReady(execution)
}

/** Asks a step whose `if` is asked with each need that is done: it begins, is over, or goes on waiting. */
function ask(execution: Execution, step: PlanStep, { source }: NonNullable<PlanStep['if']>): void {
  // Whoever is just about to answer does so over what is done by then.
  if (execution.asking.has(step.id)) return
  execution.asking.add(step.id)
  inBackground(
    execution,
    step,
    () => answer(execution, step, source),
    (isOver) => {
      if (isOver) ended(execution, step)
    },
  )
}

/** True when the step is over without having begun. */
async function answer(execution: Execution, step: PlanStep, source: string): Promise<boolean> {
  const own = stepState(execution.state, step.id)
  let failure: unknown
  let isLetIn = false
  try {
    for (let wait = prepareIf(execution, step, source); wait; wait = prepareIf(execution, step, source))
      await wait
    isLetIn = evaluateIfNow(execution, step, source)
  } catch (error) {
    failure = error
  }
  // From the evaluation to here nothing is waited for: what is done later finds nobody who is asked.
  execution.asking.delete(step.id)
  if (own.status !== 'waiting') return false
  if (isLetIn) begin(execution, step)
  return !isLetIn && turnAway(execution, step, failure)
}

/** True when nothing that may come can let the step in. */
function turnAway({ schedule, scope, state }: Execution, step: PlanStep, failure: unknown): boolean {
  const own = stepState(state, step.id)
  const error = failure === undefined || isCancellation(failure) ? undefined : stepErrorOf(failure)
  const isOpen = schedule.hasOpenNeeds(step)
  if (isOpen && (!error || error.code === outputNotReady)) return false
  if (error) own.error = error
  else own.skippedBecause = whyNotLetIn({ cancelRequested: scope.consideredCancelled })
  move(own, error ? 'failed' : 'was_skipped')
  return true
}

async function runIf(execution: Execution, step: PlanStep, source: string): Promise<void> {
  const own = stepState(execution.state, step.id)
  if (await holds(execution, step, source)) await runJobStep(execution, step)
  else if (own.error) move(own, 'failed')
  // Where an earlier execution was let in, and was busy with the list, the step has begun; only a cancel comes here then.
  else if (own.status === 'running') move(own, 'cancelled')
  else {
    own.skippedBecause = whyNotLetIn({ cancelRequested: execution.scope.consideredCancelled })
    move(own, 'was_skipped')
  }
}

async function holds(execution: Execution, step: PlanStep, source: string): Promise<boolean> {
  try {
    return await evaluateIf(execution, step, source)
  } catch (error) {
    if (isCancellation(error)) return false
    stepState(execution.state, step.id).error = stepErrorOf(error)
    return false
  }
}
