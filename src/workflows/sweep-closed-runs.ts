import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import type { SweepMode, SweepReport } from '../contract/sweep.ts'

/** Started by a schedule: looks once for what closed pipeline runs left active. Its result is where the next one goes on. */
export async function sweepClosedRuns(input: { mode: SweepMode }): Promise<SweepReport> {
  const { sweep } = proxyActivities<PipelineActivities>({
    activityId: 'sweep',
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '20 seconds',
    retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumAttempts: 3 },
  })
  const last = lastReport()
  return sweep({ mode: input.mode, ...(last ? { last } : {}) })
}

function lastReport(): SweepReport | undefined {
  const { lastResult } = workflowInfo()
  const result: unknown = Array.isArray(lastResult) ? lastResult[0] : lastResult
  return result !== null && typeof result === 'object' && 'next' in result
    ? (result as SweepReport)
    : undefined
}
