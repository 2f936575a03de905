import { workflowInfo } from '@temporalio/workflow'
import type { PipelineRemains } from '../activities/index.ts'
import { isDone } from '../pipeline/plan/index.ts'
import { doubtOf } from '../remote-run/index.ts'
import { identityOf } from './identity.ts'
import type { Ledger } from './ledger.ts'

/** What this workflow may have active, by connection: asked when it was closed from outside, where no code of it runs any more. */
export function remainsOf({ runs, profiles }: Ledger): PipelineRemains[] {
  const { firstExecutionRunId } = workflowInfo()
  return [...profiles].map(([connection, profile]) => ({
    connection,
    firstExecutionRunId,
    mode: profile.mode,
    runs: runs
      .filter(({ call, item }) => call.connection === connection && item.generationStartedAtMs !== null)
      .filter(({ item }) => !isDone(item.status))
      .map((run) => {
        const { generation, jobRunId, trigger } = run.item
        const job = trigger?.job
        return {
          ...identityOf(run),
          generation,
          jobRunId: trigger?.run?.jobRunId ?? jobRunId,
          ...(job
            ? { trigger: { job, extras: trigger.extras, doubtUntilMs: doubtOf(trigger, profile) } }
            : {}),
        }
      }),
  }))
}
