import { Context } from '@temporalio/activity'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { isTerminalStatus } from '../contract/index.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { toRecord } from './job-run-record.ts'
import { runKey } from './keys.ts'
import type { CancelJobRunInput, CancelJobRunResult } from './types.ts'

const lookSeconds = 10
/** A cancel that was accepted and shows no effect is sent again after this many looks. */
const looksPerCancel = 3

/**
 * Cancels whatever the step's key started and confirms it by the run's terminal state. When the key started
 * nothing, it is barred: a trigger that is still under way can no longer start anything.
 * A run that completed first is reported as completed.
 */
export async function cancelJobRun(
  deps: ActivityDependencies & { api: JobsClient },
  input: CancelJobRunInput,
): Promise<CancelJobRunResult> {
  const context = Context.current()
  const signal = context.cancellationSignal
  const workflowId = context.info.workflowExecution?.workflowId ?? ''
  const answer = await deps.api.cancelByKey(runKey({ namespace: deps.namespace, workflowId }, input), {
    signal,
  })
  if (!answer.job_run) return { record: null }
  let run = answer.job_run
  for (let look = 1; !isTerminalStatus(run.status); look += 1) {
    signal.throwIfAborted()
    run = await deps.api.getJobRun(run.uuid, { waitSeconds: lookSeconds, signal })
    if (!isTerminalStatus(run.status) && look % looksPerCancel === 0)
      await cancelAgain(deps.api, run.uuid, signal)
  }
  return { record: toRecord(run) }
}

async function cancelAgain(api: JobsClient, jobRunId: string, signal: AbortSignal): Promise<void> {
  try {
    await api.cancelJobRun(jobRunId, { signal })
  } catch (error) {
    // Terminal in the meantime: the next look shows it.
    if (!(error instanceof JobsApiError) || error.status !== 409) throw error
  }
}
