import { workflowInfo } from '@temporalio/workflow'
import type { PipelineRemains } from '../activities/index.ts'
import { isNested } from '../pipeline/plan/index.ts'
import { doubtOf } from '../remote-run/index.ts'
import type { Execution } from './execution.ts'
import { isBegun } from './item.ts'
import { remainingNested } from './nested-run.ts'

/** What this pipeline run may have active on its Jobs API. */
export function remainsOf(execution: Execution): PipelineRemains {
  const { input, plan, state } = execution
  const profile = state.connection
  const runs = plan.steps.flatMap((step) =>
    (state.steps[step.id]?.items ?? []).flatMap((item, index) => {
      if (!profile || isNested(step) || !isBegun(item)) return []
      const { generation, trigger } = item
      const job = trigger?.job
      return {
        step: step.id,
        item: step.forEach ? index : null,
        generation,
        jobRunId: trigger?.run?.jobRunId ?? item.jobRunId,
        ...(job ? { trigger: { job, extras: trigger.extras, doubtUntilMs: doubtOf(trigger, profile) } } : {}),
      }
    }),
  )
  const nested = remainingNested(execution)
  return {
    connection: plan.connection,
    ...(input.workspace === undefined ? {} : { workspace: input.workspace }),
    firstExecutionRunId: workflowInfo().firstExecutionRunId,
    mode: profile?.mode ?? null,
    runs,
    ...(nested.length > 0 ? { nested } : {}),
  }
}
