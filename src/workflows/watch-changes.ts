import { proxyActivities } from '@temporalio/workflow'
import type { PipelineActivities, WatchChangesInput } from '../activities/index.ts'

/**
 * One per connection: keeps one activity alive for ever that watches the change feed. The activity heartbeats its cursor, so
 * a takeover after a lost worker costs about the heartbeat timeout; its own attempts need no history.
 */
export async function watchChanges(input: WatchChangesInput): Promise<void> {
  const activities = proxyActivities<PipelineActivities>({
    activityId: 'watch',
    startToCloseTimeout: '3650 days',
    heartbeatTimeout: input.heartbeatMs,
    cancellationType: 'TRY_CANCEL',
    retry: { initialInterval: 500, backoffCoefficient: 1.5, maximumInterval: 5_000 },
  })
  const { activity = 'watchFeed', connection, cursor } = input
  await activities[activity]({ connection, cursor })
}
