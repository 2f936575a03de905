import { Context } from '@temporalio/activity'
import type { SeenRun } from '../../protocol/index.ts'
import type { ConnectedDependencies } from '../dependencies.ts'
import { rejected } from '../failures.ts'
import type { ConfirmJobRunInput } from '../types.ts'
import { toSeenRun } from './list-runs.ts'

/** A run that a person names for a step: it has to exist, and to be of the step's job. */
export async function confirmJobRun(
  deps: ConnectedDependencies,
  { job, jobRunId }: ConfirmJobRunInput,
): Promise<SeenRun> {
  const run = await deps.connected.api.getJobRun(jobRunId, { signal: Context.current().cancellationSignal })
  const seen = { ...toSeenRun(run, job.jobId, null), ...(run.job_id === '' ? { jobId: job.jobId } : {}) }
  if (seen.jobId !== job.jobId)
    throw rejected(
      'run_of_another_job',
      `job run ${jobRunId} belongs to job ${run.job_id}; the step runs job ${job.jobId}`,
    )
  return seen
}
