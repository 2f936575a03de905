import { workflowInfo } from '@temporalio/workflow'
import type { PipelineRemains } from '../activities/index.ts'
import { isBegun } from '../pipeline/plan/index.ts'
import { remainingRun } from '../remote-run/index.ts'
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
      .filter(({ call, item }) => call.connection === connection && isBegun(item))
      .map((run) => remainingRun(identityOf(run), run.item, profile)),
  }))
}
