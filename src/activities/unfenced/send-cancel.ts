import { ApplicationFailure, Context } from '@temporalio/activity'
import { JobsApiError, type JobsClient } from '../../client/index.ts'
import { isTerminalStatus } from '../../contract/index.ts'
import type { ConnectedDependencies } from '../dependencies.ts'
import { delayAskedFor } from '../failures.ts'
import { toRecord } from '../job-run-record.ts'
import type { SecretKeeper, SendCancelInput, SendCancelResult } from '../types.ts'
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
    const unanswered = await cancel(api, jobRunId, signal)
    try {
      const run = await api.getJobRun(jobRunId, { signal })
      if (isTerminalStatus(run.status)) return { record: toRecord(maskJson(secrets, run)), isGone: false }
    } catch (error) {
      if (!(error instanceof JobsApiError)) throw error
      const isMissing = error.status === 404 || error.status === 410
      const isLasting = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs >= missingMs
      if (isMissing && isLasting && (await isJobsApi(api, signal))) return { record: null, isGone: true }
      throw held(error, secrets)
    }
    if (unanswered) throw held(unanswered, secrets)
    return { record: null, isGone: false }
  })
}

/** A proxy in front of a server that is away answers 404 to everything; it has no list, be it a short one. */
export async function isJobsApi(api: JobsClient, signal?: AbortSignal): Promise<boolean> {
  try {
    await api.listJobRuns({ statuses: ['paused'] }, { signal })
    return true
  } catch (error) {
    if (error instanceof JobsApiError) return false
    throw error
  }
}

/** Why it was not answered, if it was not. */
async function cancel(
  api: JobsClient,
  jobRunId: string,
  signal: AbortSignal,
): Promise<JobsApiError | undefined> {
  try {
    await api.cancelJobRun(jobRunId, { signal })
    return undefined
  } catch (error) {
    if (!(error instanceof JobsApiError)) throw error
    return isAnswer(error) ? undefined : error
  }
}

/** A 2xx that says nothing sensible is an answer, too. */
function isAnswer({ status }: JobsApiError): boolean {
  return status !== undefined && (answers.includes(status) || status < 300)
}

/** Refused or not: a cancel is never given up, nor the look what came of it. */
function held(error: JobsApiError, secrets: SecretKeeper): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.code,
    message: secrets.mask(error.message),
    nonRetryable: false,
    ...delayAskedFor(error),
  })
}
