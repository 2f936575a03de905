import { proxyActivities } from '@temporalio/workflow'
import type { PipelineActivities, WatchChangesInput } from '../activities/index.ts'

/**
 * One per connection: keeps one `watchFeed` activity alive for ever. The activity heartbeats its cursor, so
 * a takeover after a lost worker costs about the heartbeat timeout; its own attempts need no history.
 */
export async function watchChanges(input: WatchChangesInput): Promise<void> {
  const { watchFeed } = proxyActivities<PipelineActivities>({
    activityId: 'watch',
    startToCloseTimeout: '3650 days',
    heartbeatTimeout: input.heartbeatMs,
    cancellationType: 'TRY_CANCEL',
    retry: { initialInterval: 500, backoffCoefficient: 1.5, maximumInterval: 5_000 },
  })
  await watchFeed({ connection: input.connection, cursor: input.cursor })
}
