import { CancellationScope, isCancellation } from '@temporalio/workflow'
import {
  move,
  type PlanStep,
  stepState,
  takeNext,
  warnOfContinued,
  whyNotLetIn,
} from '../pipeline/plan/index.ts'
import { evaluateIf } from './evaluation.ts'
import { type Execution, laneOf } from './execution.ts'
import { runJobStep } from './job-step.ts'
import { logStepEnded, logStepStarted } from './run-log.ts'
import { stepErrorOf } from './step-failure.ts'

/** Starts what an earlier execution had under way, then all that is ready. */
export function startSteps(execution: Execution): void {
  for (const step of execution.schedule.begun) launch(execution, step)
  startReady(execution)
}

/** Starts or skips every step whose needs are done; a skipped one may make others ready. */
export function startReady(execution: Execution): void {
  const { schedule, state, scope } = execution
  const take = () =>
    takeNext(schedule, state, {
      cancelRequested: state.cancelRequested || scope.consideredCancelled,
      cleansUp: execution.cleanup !== undefined && !execution.isCleanupOver,
    })
  for (let next = take(); next; next = take()) {
    const { step, isSkipped } = next
    if (isSkipped) {
      logStepEnded(execution, step)
      schedule.ended(step)
    } else {
      logStepStarted(execution, step)
      launch(execution, step)
    }
  }
}

/** Runs the step in the background; whatever it throws beyond a step error ends the workflow. */
function launch(execution: Execution, step: PlanStep): void {
  const own = stepState(execution.state, step.id)
  move(own, 'began')
  // What has items was let in by its `if` already.
  const { scope } = laneOf(execution, step)
  const run = () =>
    step.if && !own.items ? runIf(execution, step, step.if.source) : runJobStep(execution, step)
  // Whoever made it ready may be one of those that a cancel reaches, or one of those that it does not.
  const work = CancellationScope.current() === scope ? run() : scope.run(run)
  work.then(
    () => {
      if (!execution.scope.consideredCancelled) warnOfContinued(execution.state, step)
      logStepEnded(execution, step)
      execution.schedule.ended(step)
      startReady(execution)
    },
    (error: unknown) => {
      execution.fatal = { error }
    },
  )
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
