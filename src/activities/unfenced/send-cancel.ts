import { ApplicationFailure, Context } from '@temporalio/activity'
import { JobsApiError, type JobsClient } from '../../client/index.ts'
import { isTerminalStatus } from '../../contract/index.ts'
import { toRecord } from '../job-run-record.ts'
import type { ConnectedDependencies, SendCancelInput, SendCancelResult } from '../types.ts'
import { masked, maskJson } from './masked.ts'

/** What says that there is nothing to cancel any more, or not yet: what is true, a look tells. */
const answers: readonly number[] = [400, 404, 409, 410, 422]
/** What is missing for longer than this is gone. */
const missingMs = 60_000

/** Sends a cancel until it is answered, whatever the answer is, and looks once what came of it. */
export async function sendCancel(
  deps: ConnectedDependencies,
  { jobRunId, secrets: names }: SendCancelInput,
): Promise<SendCancelResult> {
  const { api } = deps.connected
  const { cancellationSignal: signal, info } = Context.current()
  const secrets = deps.secretKeeper()
  await secrets.learn(names)
  return masked(secrets, async () => {
    await cancel(api, jobRunId, signal)
    try {
      const run = await api.getJobRun(jobRunId, { signal })
      const isOver = isTerminalStatus(run.status)
      return { record: isOver ? toRecord(maskJson(secrets, run)) : null, isGone: false }
    } catch (error) {
      if (!(error instanceof JobsApiError) || (error.status !== 404 && error.status !== 410)) throw error
      if (info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs >= missingMs)
        return { record: null, isGone: true }
      throw held(error)
    }
  })
}

async function cancel(api: JobsClient, jobRunId: string, signal: AbortSignal): Promise<void> {
  try {
    await api.cancelJobRun(jobRunId, { signal })
  } catch (error) {
    if (!(error instanceof JobsApiError)) throw error
    // A 2xx that says nothing sensible is an answer, too.
    const isAnswered = error.status !== undefined && (answers.includes(error.status) || error.status < 300)
    if (!isAnswered) throw held(error)
  }
}

/** Refused or not: a cancel is never given up. */
function held(error: JobsApiError): ApplicationFailure {
  return ApplicationFailure.create({ type: error.code, message: error.message, nonRetryable: false })
}
