import { isCancellation } from '@temporalio/workflow'
import type { JobRunRecord, RemoteRunOutcome, StepError } from '../pipeline/plan/index.ts'
import { finalError, isCancelRequested, isOutOfTime } from './activity-errors.ts'
import type { OpenJobRun, RemoteRun, TimeLeft } from './port.ts'

export interface RunToEnd {
  /** How to reach the run; a promise only until the connection is known. */
  remote(): RemoteRun | Promise<RemoteRun>
  /** The time of the generation that is left. */
  left: TimeLeft
  /** A run of this generation that an earlier execution of the workflow triggered. */
  openJobRunId: string | null
  /** Must not begin: what may have begun of it all the same is cancelled by its key. */
  isBarred: boolean
  /** A refusal that an earlier execution of the workflow met, and did not see to its end: asked anew, the server may say another. */
  refused: StepError | null
  onOpen(jobRun: OpenJobRun): void
  /** With the refusal, where that is why. */
  onCancelling(refused: StepError | null): void
}

/**
 * One remote run, from trigger to its terminal state. Out of time, refused or cancelled, it is cancelled and that is
 * confirmed before this returns: nothing is left behind. One function, as each asynchronous one costs every step promises.
 * @throws what is no activity's end: a defect
 */
export async function runToEnd(options: RunToEnd): Promise<RemoteRunOutcome> {
  const { left, onCancelling } = options
  let remote: RemoteRun | undefined
  try {
    const found = options.remote()
    remote = found instanceof Promise ? await found : found
    if (options.refused) return stopped(options.refused, remote)
    const leftMs = left()
    // An earlier execution may have cancelled the run for its timeout already: it must not pass for cancelled from outside.
    if (leftMs !== undefined && leftMs <= 0) return cancelled('timeout', remote)
    let jobRunId = options.openJobRunId
    if (jobRunId === null) {
      if (options.isBarred) return cancelled('cancelled', remote)
      const first = await remote.trigger(left)
      if (first.phase === 'terminal') return { kind: 'record', record: first.record }
      if (first.phase === 'out_of_time') return cancelled('timeout', remote)
      if (first.phase === 'refused') return stopped(first.error, remote)
      options.onOpen(first)
      jobRunId = first.jobRunId
    }
    for (;;) {
      const record = await remote.wait(jobRunId, left)
      if (record === 'out_of_time') return cancelled('timeout', remote)
      if ('refused' in record) return stopped(record.refused, remote)
      // A wait is completed by the names of workflow and activity, which a run of long ago may have had too.
      if (record.jobRunId === jobRunId) return { kind: 'record', record }
    }
  } catch (error) {
    if (isCancellation(error) || isCancelRequested(error)) return cancelled('cancelled', remote)
    if (isOutOfTime(error)) return cancelled('timeout', remote)
    const stepError = finalError(error)
    if (!stepError) throw error
    return stopped(stepError, remote)
  }

  async function stopped(error: StepError, reached: RemoteRun | undefined): Promise<RemoteRunOutcome> {
    onCancelling(error)
    return { kind: 'error', error, record: await stopRefused(reached) }
  }

  /** Without a way to reach it nothing was ever sent. */
  async function cancelled(
    kind: 'timeout' | 'cancelled',
    reached: RemoteRun | undefined,
  ): Promise<RemoteRunOutcome> {
    onCancelling(null)
    return { kind, record: reached ? await reached.cancel() : null }
  }
}

/** An earlier attempt, or an earlier request of this one, may have started a run that nobody would wait for. */
export async function stopRefused(remote: RemoteRun | undefined): Promise<JobRunRecord | null> {
  try {
    return remote ? await remote.cancel() : null
  } catch (error) {
    // Refused as well: the first refusal tells more.
    if (finalError(error)) return null
    throw error
  }
}
