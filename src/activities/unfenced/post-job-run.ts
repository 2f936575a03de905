import { Context } from '@temporalio/activity'
import { messageOf } from '../../base/causes.ts'
import { JobwrightError } from '../../base/errors.ts'
import { JobsApiError, wasNotProcessed } from '../../client/index.ts'
import { judgeRuns, seenBefore } from '../../protocol/index.ts'
import type { ConnectedDependencies } from '../dependencies.ts'
import type { PostAnswer, PostJobRunInput, SecretKeeper } from '../types.ts'
import { listRuns, toSeenRun } from './list-runs.ts'

/** Of the time that a POST has to leave, the part that is the client's patience with it. */
const requestShare = 2 / 3
/** A token that is refused may be replaced; a person has to be quick with it, not we. */
const unauthorizedPauseMs = 5_000

/**
 * Looks whether the job was triggered already, as it was if a workflow was reset; then sends one POST, and says what became of it.
 * Never repeated by itself: the answer to what is not known is a matter of the protocol.
 */
export async function postJobRun(deps: ConnectedDependencies, input: PostJobRunInput): Promise<PostAnswer> {
  const { api } = deps.connected
  const { job, config } = input
  const signal = Context.current().cancellationSignal
  // A process that was stopped in between must not send when nobody reckons with it any more.
  const requestMs = input.sendingMs * requestShare
  const isLate = lateAfter(input.sendingMs - requestMs)
  const sendBefore = performance.now() + input.sendingMs - requestMs
  const secrets = deps.secretKeeper()
  const notSent = (error: unknown, retryAfterMs: number): PostAnswer => ({
    kind: 'not_sent',
    atMs: 0,
    retryAfterMs,
    problem: secrets.mask(messageOf(error)),
  })
  let before: ReturnType<typeof seenBefore> = null
  let resolved = config
  try {
    const { runs, isComplete } = await listRuns(api, job.jobId, config, signal)
    const { ours, doubtful } = judgeRuns(runs, job)
    if (ours.length > 0) return { kind: 'listed', begunAtMs: 0, runs: ours, isComplete }
    if (!job.isOwn) before = seenBefore(doubtful, job.before)
    if (config) resolved = await secrets.resolve(api, config)
  } catch (error) {
    if (!(error instanceof JobsApiError)) {
      // A secret that cannot be read just now.
      const mayPass = error instanceof JobwrightError && error.fault === 'unreachable'
      return mayPass ? notSent(error, 0) : refusedBy(secrets, error)
    }
    // Without a look nothing may be sent, and this one is refused for good.
    if (error.kind === 'rejected' && error.status !== 401) return refusedBy(secrets, error)
    return notSent(error, error.retryAfterMs ?? (error.status === 401 ? unauthorizedPauseMs : 0))
  }
  if (mayBeSentBefore(input)) return { kind: 'unknown', atMs: input.sendingMs, before }
  if (isLate()) return notSent(new Error('the worker was held up, and its time to send was over'), 0)
  try {
    const body = { job_id: job.jobId, ...(resolved ? { config: resolved } : {}) }
    const run = await api.createJobRun(body, { signal, timeoutMs: requestMs, sendBefore })
    // Of this job, whatever its case: the client refuses others.
    return { kind: 'posted', run: { ...toSeenRun(run, job.jobId, config), jobId: job.jobId } }
  } catch (error) {
    if (!(error instanceof JobsApiError)) throw error
    if (error.kind === 'not_sent' || wasNotProcessed(error)) return notSent(error, error.retryAfterMs ?? 0)
    if (error.status === 401) return notSent(error, unauthorizedPauseMs)
    if (error.kind === 'ambiguous') return { kind: 'unknown', atMs: 0, before }
    return {
      kind: 'refused',
      atMs: 0,
      code: error.code,
      message: secrets.mask(error.message),
      isMissing: error.status === 404,
    }
  }
}

/** After a reset a POST of the execution before it may be under way, which this one's history says nothing of. */
function mayBeSentBefore({ job, begunIn }: PostJobRunInput): boolean {
  const { runId } = Context.current().info.workflowExecution ?? {}
  const isReset = begunIn !== undefined && begunIn !== runId
  return isReset && job.madeIn !== undefined && job.madeIn !== runId
}

/** By the clock that never goes back, and by the one that goes on while the machine sleeps. */
function lateAfter(ms: number): () => boolean {
  const began = { steady: performance.now(), wall: Date.now() }
  return () => Math.max(performance.now() - began.steady, Date.now() - began.wall) > ms
}

/** Of a config that cannot be resolved, or a job that cannot be looked at. */
function refusedBy(secrets: SecretKeeper, error: unknown): PostAnswer {
  if (!(error instanceof JobwrightError)) throw error
  return {
    kind: 'refused',
    atMs: 0,
    code: error.code,
    message: secrets.mask(error.message),
    isMissing: false,
  }
}
