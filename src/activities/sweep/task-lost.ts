import type { Client } from '@temporalio/client'
import type { ClosedRun } from './types.ts'

/** The last workflow task that began was not completed: what it did is not in the history, and neither in the answer to a query. */
export async function isTaskLost(
  client: Client,
  { workflowId, runId }: Pick<ClosedRun, 'workflowId' | 'runId'>,
): Promise<boolean> {
  const { namespace } = client.options
  const execution = { workflowId, runId }
  let nextPageToken: Uint8Array | null | undefined
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution,
      maximumPageSize: 20,
      nextPageToken: nextPageToken ?? null,
    })
    for (const event of page.history?.events ?? []) {
      if (event.workflowTaskCompletedEventAttributes) return false
      // One that failed or timed out, and one that was begun again, was begun before.
      if (event.workflowTaskStartedEventAttributes) return true
    }
    nextPageToken = page.nextPageToken
  } while (nextPageToken && nextPageToken.length > 0)
  return false
}
