import type { Json } from '../base/json.ts'
import { activitiesOf, activityRetry, triggerTimeoutMs } from './activity-options.ts'
import type { RemoteRunTiming } from './port.ts'

/** Fetches outputs that came as references; JSON and text only. */
export function readOutputs(
  connection: string,
  outputs: { jobRunId: string; name: string }[],
  timing: RemoteRunTiming,
  secrets: readonly string[] = [],
  activityPrefix = '',
): Promise<Json[]> {
  const options = {
    startToCloseTimeout: triggerTimeoutMs,
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL' as const,
    summary: 'read outputs',
    retry: activityRetry,
  }
  return activitiesOf({ activityPrefix }, options).readOutputs({
    connection,
    outputs,
    ...(secrets.length > 0 ? { secrets: [...secrets] } : {}),
  })
}
