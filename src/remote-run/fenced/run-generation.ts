import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow'
import type { PipelineActivities } from '../../activities/index.ts'
import type { Json } from '../../base/json.ts'
import type { GenerationOutcome, PlanStep, RunRecord, StepError } from '../../pipeline/plan/index.ts'
import type { RemoteRunTiming } from '../timing.ts'

const triggerTimeoutMs = 60_000
const cancelTimeoutMs = 10 * 60_000
const retry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000 }
const heldRetry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 }

export interface GenerationOptions {
  connection: string
  pipeline: string
  timing: RemoteRunTiming
  step: PlanStep
  item: number | null
  generation: number
  target: { jobType: string } | { jobId: string }
  config: { [key: string]: Json } | null
  /** What is left of the step's timeout. */
  remainingMs: number | undefined
  /** A run of this generation that an earlier execution triggered and registered. */
  open: { jobId: string; jobRunId: string } | null
  onRunning(run: { jobId: string; jobRunId: string; status: string }): void
  onCancelling(): void
}

/** One remote run, from trigger to its terminal state, under the step's timeout; a cancel is confirmed before it returns. */
export async function runGeneration(options: GenerationOptions): Promise<GenerationOutcome> {
  const startedAtMs = Date.now()
  // An earlier execution may have cancelled the run for its timeout already: it must not pass for cancelled from outside.
  if (options.remainingMs !== undefined && options.remainingMs <= 0) return timeOut(options)
  try {
    const record = await triggerAndWait(options, startedAtMs)
    return { kind: 'record', record }
  } catch (error) {
    if (isCancellation(error) || isCancelRequested(error)) {
      options.onCancelling()
      return { kind: 'cancelled', record: await cancelRemoteRun(options) }
    }
    if (isOutOfTime(error)) return timeOut(options)
    const stepError = finalError(error)
    if (!stepError) throw error
    return { kind: 'error', error: stepError, record: await stopRefusedRun(options, stepError) }
  }
}

async function timeOut(options: GenerationOptions): Promise<GenerationOutcome> {
  options.onCancelling()
  return { kind: 'timeout', record: await cancelRemoteRun(options) }
}

/** Said before anything is sent. */
const neverSent = ['unknown_connection', 'server_without_idempotency_keys', 'server_without_value_references']

/** An earlier attempt, or an earlier request of this one, may have started a run that nobody would wait for. */
async function stopRefusedRun(options: GenerationOptions, refusal: StepError): Promise<RunRecord | null> {
  if (neverSent.includes(refusal.code)) return null
  try {
    return await cancelRemoteRun(options)
  } catch (error) {
    // Refused as well: the first refusal tells more.
    if (finalError(error)) return null
    throw error
  }
}

async function triggerAndWait(options: GenerationOptions, startedAtMs: number): Promise<RunRecord> {
  const { timing, step, item, generation } = options
  const activityId = `${step.id}/${item ?? '-'}/${generation}`
  const left = () =>
    options.remainingMs === undefined
      ? {}
      : { scheduleToCloseTimeout: Math.max(1, options.remainingMs - (Date.now() - startedAtMs)) }
  const common = { cancellationType: 'TRY_CANCEL', summary: activityId } as const

  const waitActivityId = `${activityId}/wait`
  let jobRunId = options.open?.jobRunId
  if (jobRunId === undefined) {
    const { runStep } = proxyActivities<PipelineActivities>({
      ...common,
      ...left(),
      activityId,
      startToCloseTimeout: triggerTimeoutMs,
      heartbeatTimeout: timing.stepHeartbeatMs,
      retry,
    })
    const first = await runStep({
      ...identity(options),
      connection: options.connection,
      pipeline: options.pipeline,
      target: options.target,
      config: options.config,
      waitActivityId,
    })
    if (first.phase === 'terminal') return first.record
    options.onRunning(first)
    jobRunId = first.jobRunId
  }
  for (;;) {
    const { awaitRun } = proxyActivities<PipelineActivities>({
      ...common,
      ...left(),
      activityId: waitActivityId,
      startToCloseTimeout: timing.waitLeaseMs,
      retry,
    })
    const record: RunRecord = await awaitRun({ connection: options.connection, jobRunId })
    // A wait is completed by the names of workflow and activity, which a run of long ago may have had too.
    if (record.jobRunId === jobRunId) return record
  }
}

/** Outside cancellation, and for as long as it takes: the run ends only when the remote one has. */
async function cancelRemoteRun(options: GenerationOptions): Promise<RunRecord | null> {
  const { cancelRun } = proxyActivities<PipelineActivities>({
    activityId: `${options.step.id}/${options.item ?? '-'}/${options.generation}/cancel`,
    startToCloseTimeout: cancelTimeoutMs,
    heartbeatTimeout: options.timing.stepHeartbeatMs,
    summary: `cancel ${options.step.id}/${options.item ?? '-'}/${options.generation}`,
    retry: heldRetry,
  })
  const { record } = await CancellationScope.nonCancellable(() =>
    cancelRun({ ...identity(options), connection: options.connection }),
  )
  return record
}

/** Fetches outputs that came as references; JSON and text only. */
export function readOutputs(
  connection: string,
  outputs: { jobRunId: string; name: string }[],
  timing: RemoteRunTiming,
): Promise<Json[]> {
  const activities = proxyActivities<PipelineActivities>({
    startToCloseTimeout: triggerTimeoutMs,
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL',
    summary: 'read outputs',
    retry,
  })
  return activities.readOutputs({ connection, outputs })
}

function identity(options: GenerationOptions) {
  return {
    firstExecutionRunId: workflowInfo().firstExecutionRunId,
    step: options.step.id,
    item: options.item,
    generation: options.generation,
  }
}

/** A retry that was due while a cancel was requested: not a cancellation by type, but one by meaning. */
function isCancelRequested(error: unknown): boolean {
  return error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED'
}

/** The step's own timeout: either it ran out, or the next attempt would have come after it. */
function isOutOfTime(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false
  if (error.retryState === 'TIMEOUT') return true
  return error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_CLOSE'
}

/** How an activity ended for good, as a step error. Undefined for a cancellation, and for what is no activity's. */
export function finalError(error: unknown): StepError | undefined {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) return undefined
  const { cause } = error
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'error', message: cause.message }
  // Temporal itself gave up on it, for a result that is too large for instance.
  return { code: 'activity_failed', message: cause?.message ?? error.message }
}
