import { CompleteAsyncError, Context } from '@temporalio/activity'
import type { JobsClient } from '../client/index.ts'
import { isTerminalStatus } from '../contract/index.ts'
import type { JobRunRecord } from '../pipeline/plan/index.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { cursorOf } from './feed-cursor.ts'
import { toRecord } from './job-run-record.ts'
import type { AwaitJobRunInput } from './types.ts'
import { encodeWaiter } from './wait-ref.ts'

/**
 * Waits for a job run while holding nothing: registers itself with the run, which is a look at the same time, then leaves
 * the activity open for the watcher of the change feed to complete. The attempt's timeout is a lease; when it runs out, the
 * next attempt looks again. The watcher is made sure of first, so its cursor stands before anything that the look did not see.
 */
export async function awaitJobRun(
  deps: ActivityDependencies & { api: JobsClient },
  input: AwaitJobRunInput,
): Promise<JobRunRecord> {
  const { activityId, workflowExecution } = Context.current().info
  await deps.waits.ensureWatcher(input.connection, cursorOf(deps.api))
  const ref = {
    namespace: deps.namespace,
    workflowId: workflowExecution?.workflowId ?? '',
    activityId,
  }
  const jobRun = await deps.api.setClientRef(input.jobRunId, encodeWaiter({ kind: 'activity', ref }))
  if (isTerminalStatus(jobRun.status)) return toRecord(jobRun)
  throw new CompleteAsyncError()
}
