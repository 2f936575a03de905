import type { Client } from '@temporalio/client'
import { throwFromTemporal } from './failures.ts'

/** `TASK_QUEUE_TYPE_WORKFLOW` and `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const kinds = { workflows: 1, activities: 2 } as const
/** A poll lasts a minute at most; Temporal remembers who polled for five. */
const recentMs = 75_000

/**
 * The identities of the workers that take work from a task queue now.
 * @throws what fromTemporal makes of a failed call
 */
export async function pollersOf(client: Client, queue: string, kind: keyof typeof kinds): Promise<string[]> {
  const { namespace } = client.options
  const request = { namespace, taskQueue: { name: queue }, taskQueueType: kinds[kind] }
  const { pollers } = await client.workflowService.describeTaskQueue(request).catch(throwFromTemporal)
  const since = Date.now() - recentMs
  return (pollers ?? [])
    .filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since)
    .map(({ identity }) => identity ?? '')
}
