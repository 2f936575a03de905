import { ApplicationFailure, Context } from '@temporalio/activity'
import type { JobsClient } from '../client/index.ts'
import { isTerminalStatus } from '../contract/index.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { toRecord } from './job-run-record.ts'
import { runKey } from './keys.ts'
import type { CancelJobRunInput, CancelJobRunResult } from './types.ts'

/** Most handlers stop at the next heartbeat. */
const firstLookSeconds = 1
/** What takes longer is looked at again after the fourth part of the time that it has taken so far, within these. */
const shortestPauseMs = 1_000
const longestPauseMs = 10_000

/**
 * Cancels whatever the step's key started and confirms it by the run's terminal state. When the key started
 * nothing, it is barred: a trigger that is still under way can no longer start anything.
 * A run that completed first is reported as completed.
 *
 * Nothing is held while a handler takes its time to stop: this fails, and the next attempt sends the cancel anew, as one that was
 * accepted may have shown no effect. So hundreds of such runs hold up no other cancel.
 */
export async function cancelJobRun(
  deps: ActivityDependencies & { api: JobsClient },
  input: CancelJobRunInput,
): Promise<CancelJobRunResult> {
  const { info, cancellationSignal: signal } = Context.current()
  const { namespace, api } = deps
  const workflowId = info.workflowExecution?.workflowId ?? ''
  const { job_run } = await api.cancelByKey(runKey({ namespace, workflowId }, input), { signal })
  if (!job_run) return { record: null }
  const run =
    isTerminalStatus(job_run.status) || info.attempt > 1
      ? job_run
      : await api.getJobRun(job_run.uuid, { waitSeconds: firstLookSeconds, signal })
  if (isTerminalStatus(run.status)) return { record: toRecord(run) }
  const sinceMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs
  throw ApplicationFailure.create({
    type: 'not_over',
    message: `job run ${run.uuid} is ${run.status} still`,
    nonRetryable: false,
    nextRetryDelay: Math.min(Math.max(Math.round(sinceMs / 4), shortestPauseMs), longestPauseMs),
  })
}
