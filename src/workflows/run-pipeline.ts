import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow'
import { evaluateCondition } from '../expressions/evaluate.ts'
import {
  decideStart,
  isDone,
  isFailing,
  isFinished,
  type PipelineRunView,
  type PlanStep,
  readySteps,
  spillOutputs,
  stepState,
  summarizeNeeds,
  viewRun,
} from '../pipeline/plan/index.ts'
import { progressQuery, type RunPipelineInput } from './messages.ts'
import { createRun, type Run } from './run.ts'
import { runStepToEnd, stepErrorOf } from './step-run.ts'
import { evaluate, loadValues, scopeOf } from './values.ts'

/** What continue-as-new may carry; Temporal's limit is 2 MiB for all of its input together. */
const carriedBytes = 768 * 1024
const resultBytes = 1536 * 1024

/**
 * Runs a plan: starts each step when what it needs is done, and ends when every step is.
 * Closes as completed with the run's view, as failed with the view in the failure's details, or as cancelled:
 * then the view is had by query only.
 */
export async function runPipeline(input: RunPipelineInput): Promise<PipelineRunView> {
  const run = createRun(input, CancellationScope.current())
  setHandler(progressQuery, () => viewRun(run.plan, run.state, run))
  startSteps(run)
  try {
    await condition(() => isSettled(run) || isHistoryLong(run))
  } catch (error) {
    if (!isCancellation(error)) throw error
    await finishCancelled(run)
  }
  if (run.fatal) throw run.fatal.error
  if (!isFinished(run.state)) {
    spillOutputs(run.state, carriedBytes)
    await continueAsNew<typeof runPipeline>({ ...input, state: run.state })
  }
  return close(run)
}

function isSettled(run: Run): boolean {
  return run.fatal !== undefined || isFinished(run.state)
}

/** Runs that are open then are picked up again by key; nothing is triggered twice. */
function isHistoryLong(run: Run): boolean {
  const info = workflowInfo()
  return (
    info.continueAsNewSuggested ||
    info.historyLength >= (run.timing.maxHistoryEvents ?? Number.POSITIVE_INFINITY)
  )
}

/** Starts what an earlier execution had under way, then all that is ready. */
function startSteps(run: Run): void {
  for (const step of run.plan.steps) {
    const { status } = stepState(run.state, step.id)
    if (status !== 'waiting' && !isDone(status)) launch(run, step)
  }
  startReady(run)
}

function startReady(run: Run): void {
  // A skipped step may make others ready, so look until nothing changes.
  for (
    let ready = readySteps(run.plan, run.state);
    ready.length > 0;
    ready = readySteps(run.plan, run.state)
  ) {
    for (const step of ready) startOrSkip(run, step)
  }
}

function startOrSkip(run: Run, step: PlanStep): void {
  const own = stepState(run.state, step.id)
  const decision = decideStart(step, summarizeNeeds(run.plan, run.state, step), {
    failing: isFailing(run.plan, run.state),
    cancelRequested: run.state.cancelRequested || run.scope.consideredCancelled,
  })
  if (decision === 'skip') own.status = 'skipped'
  else launch(run, step)
}

/** Runs the step in the background; whatever it throws beyond a step error ends the workflow. */
function launch(run: Run, step: PlanStep): void {
  const own = stepState(run.state, step.id)
  if (own.status === 'waiting') own.status = 'pending'
  const work = async () => {
    if (!own.items && step.if && !(await holds(run, step, step.if.source))) {
      own.status = own.error ? 'failed' : 'skipped'
    } else {
      await runStepToEnd(run, step)
    }
    startReady(run)
  }
  work().catch((error: unknown) => {
    run.fatal = { error }
  })
}

async function holds(run: Run, step: PlanStep, source: string): Promise<boolean> {
  try {
    await loadValues(run, [source])
    return evaluateCondition(source, scopeOf(run), summarizeNeeds(run.plan, run.state, step))
  } catch (error) {
    if (isCancellation(error)) return false
    stepState(run.state, step.id).error = stepErrorOf(error)
    return false
  }
}

async function finishCancelled(run: Run): Promise<void> {
  run.state.cancelRequested = true
  upsertMemo({ status: 'cancelling' })
  startReady(run)
  await CancellationScope.nonCancellable(() => condition(() => isSettled(run)))
}

async function close(run: Run): Promise<PipelineRunView> {
  await CancellationScope.nonCancellable(() => evaluateOutputs(run))
  run.finishedAtMs = Date.now()
  const view = viewRun(run.plan, run.state, run)
  switch (view.status) {
    case 'cancelled':
      throw new CancelledFailure('the pipeline run was cancelled')
    case 'failed':
      throw ApplicationFailure.create({
        type: 'pipeline_failed',
        message: failureMessage(view),
        nonRetryable: true,
        details: [view],
      })
    default:
      return view
  }
}

function failureMessage(view: PipelineRunView): string {
  const failed = view.steps.find((step) => step.status === 'failed' || step.status === 'cancelled')
  return failed
    ? `step ${failed.step} ${failed.status}${failed.error ? `: ${failed.error.message}` : ''}`
    : 'failed'
}

/** What can be evaluated; in a completed run, what cannot is a warning. */
async function evaluateOutputs(run: Run): Promise<void> {
  for (const { name, value } of run.plan.outputs) {
    try {
      const result = await evaluate(run, value)
      const bytes = JSON.stringify({ ...run.outputs, [name]: result }).length
      if (bytes > resultBytes)
        run.state.warnings.push(
          `output ${name} was left out: with it the outputs have ${bytes} bytes, the limit is ${resultBytes}`,
        )
      else run.outputs[name] = result
    } catch (error) {
      const { code, message } = stepErrorOf(error)
      if (!isFailing(run.plan, run.state) && !run.state.cancelRequested)
        run.state.warnings.push(`output ${name} has no value (${code}): ${message}`)
    }
  }
}
