import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow'
import { jsonBytes } from '../base/json.ts'
import {
  decideStart,
  isDone,
  isFailing,
  isFinished,
  type PipelineRunView,
  type PlanStep,
  pipelineStatus,
  readySteps,
  shrinkState,
  shrinkView,
  stepState,
  summarizeNeeds,
  viewRun,
} from '../pipeline/plan/index.ts'
import { type PipelineMemo, progressQuery, type RunPipelineInput } from './messages.ts'
import { createRun, type Run } from './run.ts'
import { runStepToEnd, stepErrorOf } from './step-run.ts'
import { evaluate, evaluateIf } from './values.ts'

/** Of Temporal's limit of 2 MiB for a payload: the input of the next execution, the result, the answer to a query. */
const payloadBytes = 1900 * 1024
const outputsBytes = 1536 * 1024
/** With more than this in its history, an execution ends even if the next one has to fetch everything again. */
const historyBytes = 32 * 1024 * 1024

/**
 * Runs a plan: starts each step when what it needs is done, and ends when every step is.
 * Closes as completed with the run's view, as failed with the view in the failure's details, or as cancelled:
 * then the view is had by query only.
 */
export async function runPipeline(input: RunPipelineInput): Promise<PipelineRunView> {
  const run = createRun(input, CancellationScope.current())
  setHandler(progressQuery, () => view(run))
  startSteps(run)
  try {
    await condition(() => isSettled(run) || isHistoryLong(run))
  } catch (error) {
    if (!isCancellation(error)) throw error
    await finishCancelled(run)
  }
  if (run.fatal) throw run.fatal.error
  if (!isFinished(run.state)) await goOnAsNew(run, input)
  return close(run)
}

function view(run: Run): PipelineRunView {
  return shrinkView(viewRun(run.plan, run.state, run), payloadBytes)
}

async function goOnAsNew(run: Run, input: RunPipelineInput): Promise<void> {
  shrinkState(run.state, payloadBytes - jsonBytes({ ...input, state: null }))
  const memo: PipelineMemo = {
    ...workflowInfo().memo,
    pipeline: run.plan.name,
    startedAtMs: run.state.startedAtMs,
  }
  await makeContinueAsNewFunc<typeof runPipeline>({ memo: { ...memo } })({ ...input, state: run.state })
}

function isSettled(run: Run): boolean {
  return run.fatal !== undefined || isFinished(run.state)
}

/** Runs that are open then are picked up again by key; nothing is triggered twice. */
function isHistoryLong(run: Run): boolean {
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo()
  // What was fetched would only be fetched again: it does not count at first.
  const isLarge = historySize > Math.min(2 * run.fetchedBytes, historyBytes)
  return (
    run.hasProgressed &&
    (run.pace.isExhausted() ||
      (continueAsNewSuggested && isLarge) ||
      historyLength >= (run.timing.maxHistoryEvents ?? Number.POSITIVE_INFINITY))
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
    noteContinued(run, step)
    startReady(run)
  }
  work().catch((error: unknown) => {
    run.fatal = { error }
  })
}

function noteContinued(run: Run, step: PlanStep): void {
  const { status, error } = stepState(run.state, step.id)
  const isShort = status === 'failed' || status === 'cancelled'
  if (isShort && step.onFailure === 'continue' && !run.scope.consideredCancelled)
    run.state.warnings.push(`step ${step.id} ${status}${error ? ` (${error.code})` : ''}; the run went on`)
}

async function holds(run: Run, step: PlanStep, source: string): Promise<boolean> {
  try {
    return await evaluateIf(run, step, source)
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
  const status = pipelineStatus(run.plan, run.state)
  // A cancelled run does not stay open for outputs that nobody may be there to give.
  if (status !== 'cancelled') await CancellationScope.nonCancellable(() => evaluateOutputs(run))
  run.finishedAtMs = Date.now()
  const last = view(run)
  switch (status) {
    case 'cancelled':
      throw new CancelledFailure('the pipeline run was cancelled')
    case 'failed':
      throw ApplicationFailure.create({
        type: 'pipeline_failed',
        message: failureMessage(last),
        nonRetryable: true,
        details: [last],
      })
    default:
      return last
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
  const limit = Math.min(outputsBytes, payloadBytes - jsonBytes(view(run)))
  let used = 0
  for (const { name, value } of run.plan.outputs) {
    try {
      const result = await evaluate(run, value)
      const bytes = used + jsonBytes({ [name]: result })
      if (bytes > limit)
        run.state.warnings.push(
          `output ${name} was left out: with it the outputs have ${bytes} bytes, the limit is ${limit}`,
        )
      else {
        run.outputs[name] = result
        used = bytes
      }
    } catch (error) {
      const { code, message } = stepErrorOf(error)
      if (!isFailing(run.plan, run.state) && !run.state.cancelRequested)
        run.state.warnings.push(`output ${name} has no value (${code}): ${message}`)
    }
  }
}
