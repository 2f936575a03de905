import type { Client } from '@temporalio/client'

/** START_TO_CLOSE: somebody had it. */
const whileAtWork = 1

/**
 * Whether a workflow task began that was not completed: what it did by local activities is not in the history, and one that was completed
 * since need not have done it again.
 * @param beforeEvent looks only at what was there before this event
 */
export async function isTaskLost(
  client: Client,
  execution: { workflowId: string; runId: string },
  beforeEvent = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const { namespace } = client.options
  let isCompleted = false
  let nextPageToken: Uint8Array | null | undefined
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution,
      maximumPageSize: 500,
      nextPageToken: nextPageToken ?? null,
    })
    for (const event of page.history?.events ?? []) {
      if (Number(event.eventId) >= beforeEvent) continue
      if (event.workflowTaskCompletedEventAttributes) isCompleted = true
      // One that is not completed may still be at work.
      if (event.workflowTaskStartedEventAttributes && !isCompleted) return true
      if (event.workflowTaskFailedEventAttributes) return true
      if (event.workflowTaskTimedOutEventAttributes?.timeoutType === whileAtWork) return true
    }
    nextPageToken = page.nextPageToken
  } while (nextPageToken && nextPageToken.length > 0)
  return false
}
