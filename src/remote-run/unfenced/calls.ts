import { workflowInfo } from '@temporalio/workflow'
import type { JobRunListing, PostAnswer, SendCancelResult } from '../../activities/index.ts'
import { stepRunId } from '../../base/step-run-id.ts'
import type { JobRunRecord } from '../../pipeline/plan/index.ts'
import type { OwnJob } from '../../protocol/index.ts'
import {
  activitiesOf,
  activityRetry,
  heldRetry,
  scheduleToClose,
  triggerTimeoutMs,
} from '../activity-options.ts'
import type { RemoteRunRequest, TimeLeft } from '../port.ts'

/** From its start a POST has so long to leave, and its answer to come; the activity checks the first right before it sends. */
export const sendingMs = 15_000
/** A trigger that nobody knows of is looked for at last every so often, for as long as it takes. */
const lateRetry = { initialInterval: 5_000, backoffCoefficient: 1.5, maximumInterval: 60_000 }
const cancelTimeoutMs = 5 * 60_000
const longestLeaseMs = 10 * 60_000

/** The activities of one run on a server without idempotency keys. */
export interface UnfencedCalls {
  createJob(left: TimeLeft): Promise<OwnJob>
  /** One attempt; what is thrown says nothing of what became of it. */
  post(job: OwnJob, isFirst: boolean): Promise<PostAnswer>
  look(job: OwnJob, forMs: number): Promise<JobRunListing>
  /** Until there is one that is ours, or others than `known` that might be. */
  lookForNew(job: OwnJob, known: readonly string[]): Promise<JobRunListing>
  wait(jobRunId: string, createdAt: string, left: TimeLeft): Promise<JobRunRecord>
  /** As `wait`, of a run that was told to end. */
  awaitEnd(jobRunId: string, untilMs: number): Promise<JobRunRecord>
  sendCancel(jobRunId: string): Promise<SendCancelResult>
  deleteJob(jobId: string): Promise<void>
}

export function unfencedCalls(request: RemoteRunRequest): UnfencedCalls {
  const { connection, timing, target } = request
  const name = stepRunId(request)
  const { secrets } = request
  /** A job of our own has it already. */
  const config = 'jobId' in target ? request.config : null
  let leaseMs = timing.waitLeaseMs
  let calls = 0
  /** Ids are used once: one that was given up may still be pending. */
  const next = (what: string) => ({ activityId: `${name}/${what}/${calls++}`, summary: name })
  const working = { heartbeatTimeout: timing.stepHeartbeatMs, cancellationType: 'TRY_CANCEL' as const }
  const poll = (what: string, jobRunId: string, createdAt: string, left: TimeLeft) => {
    const { pollJobRun } = activitiesOf(request, {
      ...scheduleToClose(left),
      ...next(what),
      // A wait holds no slot and sends no heartbeat: waiting for it to notice a cancel would never end.
      cancellationType: 'TRY_CANCEL',
      startToCloseTimeout: Math.min(leaseMs, longestLeaseMs),
      retry: activityRetry,
    })
    return pollJobRun({ connection, jobRunId, createdAt, secrets })
  }
  return {
    async createJob(left) {
      const { createJob } = activitiesOf(request, {
        ...next('job'),
        ...working,
        ...scheduleToClose(left),
        startToCloseTimeout: triggerTimeoutMs,
        retry: activityRetry,
      })
      return createJob({ connection, target, config: request.config, isMarked: request.isMarked })
    },
    async post(job, isFirst) {
      const { postJobRun } = activitiesOf(request, {
        ...next('post'),
        startToCloseTimeout: 2 * sendingMs,
        heartbeatTimeout: timing.stepHeartbeatMs,
        retry: { maximumAttempts: 1 },
      })
      const begunIn = isFirst ? { begunIn: workflowInfo().originalExecutionRunId } : {}
      const answer = await postJobRun({ connection, job, config, sendingMs, ...begunIn })
      leaseMs = Math.min(timing.waitLeaseMs, answer.leaseMs)
      return answer.event
    },
    look(job, forMs) {
      const { findJobRuns } = activitiesOf(request, {
        ...next('look'),
        ...working,
        startToCloseTimeout: triggerTimeoutMs,
        retry: activityRetry,
      })
      return findJobRuns({ connection, job, config, forMs: Math.max(0, forMs) })
    },
    lookForNew(job, known) {
      const { findJobRuns } = activitiesOf(request, {
        ...next('late'),
        ...working,
        startToCloseTimeout: triggerTimeoutMs,
        retry: lateRetry,
      })
      return findJobRuns({ connection, job, config, forMs: null, known: [...known] })
    },
    wait: (jobRunId, createdAt, left) => poll('wait', jobRunId, createdAt, left),
    awaitEnd: (jobRunId, untilMs) => poll('end', jobRunId, '', () => untilMs - Date.now()),
    sendCancel(jobRunId) {
      const { sendCancel } = activitiesOf(request, {
        ...next('cancel'),
        heartbeatTimeout: timing.stepHeartbeatMs,
        startToCloseTimeout: cancelTimeoutMs,
        retry: heldRetry,
      })
      return sendCancel({ connection, jobRunId, secrets })
    },
    deleteJob(jobId) {
      const { deleteJob } = activitiesOf(request, {
        ...next('delete'),
        startToCloseTimeout: triggerTimeoutMs,
        heartbeatTimeout: timing.stepHeartbeatMs,
        retry: { ...activityRetry, maximumAttempts: 3 },
      })
      // Tidying up: a job that stays harms nobody.
      return deleteJob({ connection, jobId }).catch(() => {})
    },
  }
}
