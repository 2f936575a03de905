import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow'
import type { ItemState, SteerRequest } from '../../pipeline/plan/index.ts'
import type { SeenRun } from '../../protocol/index.ts'
import { activitiesOf } from '../activity-options.ts'
import type { RemoteRunRequest } from '../port.ts'

/** What a person is told who asked for something that does not fit; says nothing that they may not know. */
export function refusal(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code)
}

/** The run that is to be adopted, as the server shows it. @param whole what is cancelled as one @throws ApplicationFailure */
export async function confirmAdopted(
  {
    connection,
    timing,
    ...names
  }: Pick<RemoteRunRequest, 'connection' | 'activityPrefix'> & {
    timing: Pick<RemoteRunRequest['timing'], 'stepHeartbeatMs'>
  },
  { trigger }: ItemState,
  { jobRunId = '' }: SteerRequest,
  whole: 'pipeline run' | 'workflow',
): Promise<SeenRun> {
  const job = trigger?.job
  if (!job) throw refusal('trigger_known', 'the step has no job yet')
  const { confirmJobRun } = activitiesOf(names, {
    startToCloseTimeout: '10 seconds',
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL',
    retry: { initialInterval: 500, maximumAttempts: 3 },
  })
  try {
    return await confirmJobRun({ connection, job, jobRunId })
  } catch (error) {
    if (isCancellation(error)) throw refusal('trigger_known', `the ${whole} is being cancelled`)
    if (!(error instanceof ActivityFailure)) throw error
    const { cause } = error
    if (cause instanceof ApplicationFailure && cause.nonRetryable) {
      const isUnknown = cause.type === 'http_404' || cause.type === 'unknown_job_run'
      if (isUnknown) throw refusal('unknown_job_run', `the server knows no job run ${jobRunId}`)
      throw refusal(cause.type ?? 'not_confirmed', cause.message)
    }
    throw refusal(
      'job_run_unconfirmed',
      `job run ${jobRunId} could not be looked at, and nothing was decided: ${cause?.message ?? error.message}`,
    )
  }
}
