import { CompleteAsyncError } from '@temporalio/activity'
import type { JobsClient } from '../client/index.ts'
import { isTerminalStatus } from '../contract/index.ts'
import type { RunRecord } from '../pipeline/plan/index.ts'
import { toRecord } from './run-record.ts'
import type { ActivityDependencies, AwaitRunInput } from './types.ts'

/**
 * Waits for a run while holding nothing: looks once, then leaves the activity open for the watcher of the
 * change feed to complete. The attempt's timeout is a lease; when it runs out, the next attempt looks again.
 * The watcher is made sure of before the look, so its cursor stands before anything that the look did not see.
 */
export async function awaitRun(
  deps: ActivityDependencies & { api: JobsClient },
  input: AwaitRunInput,
): Promise<RunRecord> {
  await deps.waits.ensureWatcher(input.connection, async () => (await deps.api.listJobRunChanges({})).cursor)
  const run = await deps.api.getJobRun(input.jobRunId)
  if (isTerminalStatus(run.status)) return toRecord(run)
  throw new CompleteAsyncError()
}
