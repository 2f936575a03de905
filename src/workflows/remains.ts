import { workflowInfo } from '@temporalio/workflow'
import type { PipelineRemains } from '../activities/index.ts'
import { isBegun, isNested, unbegunRuns } from '../pipeline/plan/index.ts'
import { remainingRun } from '../remote-run/index.ts'
import type { Execution } from './execution.ts'
import { remainingNested } from './nested-run.ts'

/** What this pipeline run may have active on its Jobs API. */
export function remainsOf(execution: Execution): PipelineRemains {
  const { input, plan, state } = execution
  const profile = state.connection
  const runs = plan.steps.flatMap((step) =>
    (state.steps[step.id]?.items ?? []).flatMap((item, index) => {
      if (!profile || isNested(step) || !isBegun(item)) return []
      return remainingRun({ step: step.id, item: step.forEach ? index : null }, item, profile)
    }),
  )
  const nested = remainingNested(execution)
  return {
    connection: plan.connection,
    ...(input.workspace === undefined ? {} : { workspace: input.workspace }),
    firstExecutionRunId: workflowInfo().firstExecutionRunId,
    mode: profile?.mode ?? null,
    runs,
    unbegun: unbegunRuns(plan, state),
    ...(nested.length > 0 ? { nested } : {}),
  }
}
