import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow'
import { jsonBytes } from '../base/json.ts'
import {
  cleanupIsOver,
  defaultCleanupMs,
  type PipelinePlan,
  type PipelineRunView,
  packedStateBytes,
  payloadBytes,
  planVersions,
  shrinkState,
} from '../pipeline/plan/index.ts'
import { barLost, mayBeLost } from './bar-lost.ts'
import { close, closeBarred, view } from './close.ts'
import { createExecution, type Execution, type Lane } from './execution.ts'
import { limitNewsSignal } from './limit-messages.ts'
import { allLeft, enterRun, hearOfLimit, leaveAll } from './limits.ts'
import {
  endCleanupSignal,
  jobRunsEndedSignal,
  nestedRunSignal,
  progressQuery,
  type RunPipelineInput,
  remainsQuery,
  steerUpdate,
} from './messages.ts'
import { endNestedCleanup, hearOfNested } from './nested-run.ts'
import { tellingBegun, watchLateness } from './notifications.ts'
import { forgetEarlyEnds, localTriggersOf } from './quick.ts'
import { remainsOf } from './remains.ts'
import { logRunStarted } from './run-log.ts'
import { checkSteering, steer } from './steering.ts'
import { startReady, startSteps } from './steps.ts'

/** How long an execution that is to end waits at most for what is under way, and how long nothing must have come. */
const drainMs = 5_000
const quietMs = 250

/** Job runs that were triggered or ended in one execution: a worker that takes it up replays all of them in one workflow task. */
const mostProgress = 1_200

/** With more than this in its history, an execution ends even if the next one has to fetch everything again. */
const historyBytes = 32 * 1024 * 1024

/**
 * Runs a plan: starts each step when what it needs is done, and ends when every step is.
 * Closes as completed with the run's view, as failed with the view in the failure's details, or as cancelled:
 * then the view is had by query only.
 */
export async function runPipeline(input: RunPipelineInput): Promise<PipelineRunView> {
  const { plan } = input
  requireKnownVersion(plan)
  const run = CancellationScope.current()
  const execution = createExecution(input, run)
  if (input.isBarred) return closeBarred(execution)
  setHandler(progressQuery, () => view(execution))
  setHandler(remainsQuery, () => remainsOf(execution))
  logRunStarted(execution)
  const hear = (work: () => void) => (execution.locals ? execution.locals.afterBatch(work) : work())
  setHandler(endCleanupSignal, () =>
    hear(() => {
      execution.isCleanupOver = run.consideredCancelled
      if (execution.isCleanupOver) endNestedCleanup(execution)
    }),
  )
  setHandler(nestedRunSignal, (news) => hear(() => hearOfNested(execution, news)))
  setHandler(jobRunsEndedSignal, (records) => hear(() => execution.ends.hear(records)))
  setHandler(limitNewsSignal, (news) => hear(() => hearOfLimit(execution, news)))
  setHandler(steerUpdate, (request) => steer(execution, request), {
    validator: (request) => checkSteering(execution, request),
  })
  watchLateness(execution)
  if (plan.concurrency && !(await enterRun(execution, plan.concurrency))) return endUnbegun(execution)
  const { scope } = execution
  await (scope === run ? startSteps(execution) : scope.run(async () => startSteps(execution)))
  try {
    await condition(() => isSettled(execution) || isHistoryLong(execution))
    if (!isSettled(execution)) await drain(execution)
  } catch (error) {
    if (!isCancellation(error)) throw error
  }
  // A cancel may come together with what ends the wait: the next execution would not hear of it.
  if (run.consideredCancelled) await finishCancelled(execution)
  // Whoever asked gets an answer.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
  if (!execution.fatal && !execution.schedule.isFinished()) {
    await tellingBegun(execution)
    await goOnAsNew(execution)
  }
  await leaveAll(execution)
  if (execution.fatal) throw execution.fatal.error
  return close(execution)
}

/** One that was cancelled while it waited for its place, or that could not ask for one. */
async function endUnbegun(execution: Execution): Promise<PipelineRunView> {
  const { state } = execution
  if (!state.notBegun) {
    state.cancelRequested = true
    state.cancelRequestedAtMs ??= Date.now()
  }
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
  await leaveAll(execution)
  return close(execution)
}

/**
 * A plan that this worker does not know fails the workflow task, not the pipeline run: it is tried again until a worker
 * takes it that does.
 */
function requireKnownVersion({ planVersion }: PipelinePlan): void {
  if (!planVersions.includes(planVersion))
    throw new Error(
      `this worker runs plans of version ${planVersions.join(', ')}, not of ${String(planVersion)}: start a newer worker`,
    )
}

/**
 * Lets what is under way come to its end before the execution does: whatever Temporal has to note while a workflow goes on as
 * new fails that workflow task, and the whole history is replayed. Triggers are short; runs that are open may be long, so what
 * counts is that nothing has come for a moment.
 */
async function drain(execution: Execution): Promise<void> {
  const lanes = [execution.main, ...(execution.cleanup ? [execution.cleanup] : [])]
  for (const { places, triggers } of lanes) {
    places.close()
    triggers.close()
  }
  const isEmpty = () => lanes.every(({ places }) => places.taken() === 0)
  if (isEmpty() || !execution.has('drained')) return
  // Counted beside local triggers, where the clock is another one on a replay.
  const isCounted = localTriggersOf(execution) !== undefined
  const endMs = Date.now() + drainMs
  const isTime = (looks: number) => (isCounted ? looks < drainMs / quietMs : Date.now() < endMs)
  for (let seen = -1, looks = 0; isTime(looks) && !isSettled(execution); looks += 1) {
    const isQuiet =
      seen === execution.progress && lanes.every(({ triggers, pace }) => triggers.taken() <= pace.waiting())
    if (isQuiet || isEmpty()) return
    seen = execution.progress
    await condition(() => isSettled(execution) || isEmpty(), quietMs)
  }
}

async function goOnAsNew(execution: Execution): Promise<void> {
  const { input, state, startedBytes } = execution
  await allLeft(execution)
  forgetEarlyEnds(execution)
  const others = jsonBytes({ ...input, state: null })
  // What fits as it is fits packed.
  if (others + jsonBytes(state) > payloadBytes) {
    const packedOthers = startedBytes === undefined ? others : Math.min(others, startedBytes)
    shrinkState(state, payloadBytes - packedOthers, packedStateBytes)
  }
  const memo = { ...workflowInfo().memo, startedAtMs: state.startedAtMs }
  const next = { ...input, state, ...(startedBytes === undefined ? {} : { startedBytes }) }
  await makeContinueAsNewFunc<typeof runPipeline>({ memo })(next)
}

function isSettled({ fatal, schedule }: Execution): boolean {
  return fatal !== undefined || schedule.isFinished()
}

/** Runs that are open then are picked up again by key; nothing is triggered twice. */
function isHistoryLong(execution: Execution): boolean {
  if (execution.progress === 0) return false
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo()
  // What was fetched would only be fetched again: it does not count at first.
  const isLarge = historySize > Math.min(2 * execution.fetchedBytes, historyBytes)
  return (
    execution.main.pace.isExhausted() ||
    execution.cleanup?.pace.isExhausted() ||
    (continueAsNewSuggested && isLarge) ||
    (execution.progress >= mostProgress && execution.has('bounded-executions')) ||
    historyLength >= (execution.timing.maxHistoryEvents ?? Number.POSITIVE_INFINITY)
  )
}

async function finishCancelled(execution: Execution): Promise<void> {
  execution.state.cancelRequestedAtMs ??= Date.now()
  const unbegun = mayBeLost(execution)
  await execution.lostTriggers.over()
  const isLost = unbegun.length > 0 ? execution.lostTriggers.any() : undefined
  execution.state.cancelRequested = true
  upsertMemo({ status: 'cancelling' })
  // An execution that was to end goes on after all.
  execution.cleanup?.places.open()
  execution.cleanup?.triggers.open()
  execution.schedule.reconsider()
  startReady(execution)
  await CancellationScope.nonCancellable(async () => {
    if (execution.cleanup) await cleanUp(execution, execution.cleanup)
    await condition(() => isSettled(execution))
    if (isLost && (await isLost)) await barLost(execution, unbegun)
  })
}

/** What cleans up has its time from when nothing else is left; a second cancel ends it at once. */
async function cleanUp(execution: Execution, { scope }: Lane): Promise<void> {
  const { schedule, state, timing } = execution
  const isOver = () => isSettled(execution) || execution.isCleanupOver
  await condition(() => isOver() || schedule.isCleanupAlone())
  const isInTime = isOver() || (await condition(isOver, timing.cleanupMs ?? defaultCleanupMs))
  if (isSettled(execution)) return
  const calm = execution.locals?.calm()
  if (calm) await calm
  if (isSettled(execution)) return
  if (!isInTime) state.warnings.push(cleanupIsOver)
  execution.isCleanupOver = true
  scope.cancel()
  startReady(execution)
}
