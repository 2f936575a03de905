import type { Client } from '@temporalio/client'

/**
 * Whether the last workflow task that began was not completed: what it did by local activities is not in the history.
 * @param beforeEvent looks only at what was there before this event
 */
export async function isTaskLost(
  client: Client,
  execution: { workflowId: string; runId: string },
  beforeEvent = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const { namespace } = client.options
  let nextPageToken: Uint8Array | null | undefined
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution,
      maximumPageSize: 20,
      nextPageToken: nextPageToken ?? null,
    })
    for (const event of page.history?.events ?? []) {
      if (Number(event.eventId) >= beforeEvent) continue
      if (event.workflowTaskCompletedEventAttributes) return false
      // One that failed or timed out, and one that was begun again, was begun before.
      if (event.workflowTaskStartedEventAttributes) return true
    }
    nextPageToken = page.nextPageToken
  } while (nextPageToken && nextPageToken.length > 0)
  return false
}
