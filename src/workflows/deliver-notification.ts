import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { DeliveryReport, NotificationActivities, NotificationInput } from '../activities/notify/types.ts'
import { notificationQueue } from '../contract/names.ts'

/** Tells one receiver of one event. It outlives whoever started it, and tries for a day. Fails, where the receiver never took it. */
export async function deliverNotification(input: NotificationInput): Promise<DeliveryReport> {
  const { sendNotification } = proxyActivities<NotificationActivities>({
    activityId: 'send',
    taskQueue: notificationQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '24 hours',
    heartbeatTimeout: '10 seconds',
    cancellationType: 'TRY_CANCEL',
    // 1 s, 3 s, 9 s, … half an hour later, then every hour.
    retry: { initialInterval: 1_000, backoffCoefficient: 3, maximumInterval: 60 * 60_000 },
  })
  return sendNotification(input)
}
