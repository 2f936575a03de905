import { proxyActivities } from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import type { Json } from '../base/json.ts'
import { activityRetry, triggerTimeoutMs } from './activity-options.ts'
import type { RemoteRunTiming } from './port.ts'

/** Fetches outputs that came as references; JSON and text only. */
export function readOutputs(
  connection: string,
  outputs: { jobRunId: string; name: string }[],
  timing: RemoteRunTiming,
  secrets: readonly string[] = [],
): Promise<Json[]> {
  const activities = proxyActivities<PipelineActivities>({
    startToCloseTimeout: triggerTimeoutMs,
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL',
    summary: 'read outputs',
    retry: activityRetry,
  })
  return activities.readOutputs({
    connection,
    outputs,
    ...(secrets.length > 0 ? { secrets: [...secrets] } : {}),
  })
}
