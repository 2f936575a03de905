import type { LookAtJobRunsResult, OpenRun } from '../activities/index.ts'
import { activitiesOf, heldRetry } from './activity-options.ts'
import type { RemoteRunTiming } from './port.ts'

const lookTimeoutMs = 10 * 60_000

/** Looks at runs whose ends no signal has brought. */
export function lookAtJobRuns(
  connection: string,
  runs: OpenRun[],
  timing: RemoteRunTiming,
): Promise<LookAtJobRunsResult> {
  const options = {
    startToCloseTimeout: lookTimeoutMs,
    heartbeatTimeout: timing.stepHeartbeatMs,
    summary: 'look at open job runs',
    retry: heldRetry,
  }
  return activitiesOf({}, options).lookAtJobRuns({ connection, runs })
}
