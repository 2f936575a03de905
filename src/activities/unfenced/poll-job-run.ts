import { CompleteAsyncError, Context } from '@temporalio/activity'
import { isTerminalStatus } from '../../contract/index.ts'
import type { JobRunRecord } from '../../pipeline/plan/index.ts'
import type { ConnectedDependencies } from '../dependencies.ts'
import { toRecord } from '../job-run-record.ts'
import type { PollJobRunInput } from '../types.ts'
import { maskJson } from './masked.ts'

/**
 * Waits for a job run while holding nothing: leaves the activity open for this worker's poller to complete. The attempt's timeout
 * is a lease; when it runs out, or the worker is known to be gone, another attempt registers anew.
 */
export async function pollJobRun(deps: ConnectedDependencies, input: PollJobRunInput): Promise<JobRunRecord> {
  const { activityId, workflowExecution } = Context.current().info
  const secrets = deps.secretKeeper()
  await secrets.learn(input.secrets)
  const poller = deps.pollers.of(input.connection)
  const seen = poller.lastSeen(input.jobRunId)
  if (seen && isTerminalStatus(seen.status)) return toRecord(maskJson(secrets, seen))
  await deps.pollers.register(input.connection, {
    ref: { namespace: deps.namespace, workflowId: workflowExecution?.workflowId ?? '', activityId },
    jobRunId: input.jobRunId,
    createdAt: input.createdAt,
    secrets,
  })
  throw new CompleteAsyncError()
}
