import { Context } from '@temporalio/activity'
import { stepRunId } from '../base/step-run-id.ts'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { isTerminalStatus } from '../contract/index.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { eachOf } from './each-of.ts'
import { cursorOf } from './feed-cursor.ts'
import { toRecord, toSlimRecord } from './job-run-record.ts'
import type { LookAtJobRunsInput, LookAtJobRunsResult, OpenRun } from './types.ts'
import { encodeWaiter } from './wait-ref.ts'

const atOnce = 8

/**
 * Looks at runs whose ends a workflow is to be told of, for those that it was not told of. Each says anew who waits, so that whatever
 * became of that is made good.
 */
export async function lookAtJobRuns(
  deps: Pick<ActivityDependencies, 'namespace' | 'waits'> & { api: JobsClient },
  { connection, runs }: LookAtJobRunsInput,
): Promise<LookAtJobRunsResult> {
  const { cancellationSignal: signal, info } = Context.current()
  const { api, namespace } = deps
  const workflowId = info.workflowExecution?.workflowId ?? ''
  await deps.waits.ensureWatcher(connection, cursorOf(api), { signal })
  const found: LookAtJobRunsResult = []
  const look = async (open: OpenRun) => {
    const { jobRunId, kept } = open
    const ref = { namespace, workflowId, activityId: stepRunId(open) }
    const run = await api.setClientRef(jobRunId, encodeWaiter({ kind: 'workflow', ref, kept }), { signal })
    if (isTerminalStatus(run.status)) found.push({ jobRunId, end: toSlimRecord(run, kept) ?? toRecord(run) })
  }
  await eachOf(runs, atOnce, (open) =>
    look(open).catch((error: unknown) => {
      // One that is gone is no reason not to hear of the others; a token that is rejected may be replaced.
      if (!(error instanceof JobsApiError) || error.kind !== 'rejected' || error.status === 401) throw error
      found.push({ jobRunId: open.jobRunId, end: { refused: { code: error.code, message: error.message } } })
    }),
  )
  return found
}
