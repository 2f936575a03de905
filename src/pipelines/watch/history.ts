import type { Client } from '@temporalio/client'
import { inRound } from '../../base/abort.ts'

/** Where a reader of a history is. */
export interface Bookmark {
  runId: string
  /** Temporal's own; absent at the beginning. */
  pageToken?: Uint8Array | undefined
}

/** What a part of a history says to who watches. */
export interface Part {
  /** Of the last event; undefined when nothing came in Temporal's time. */
  lastEventId: number | undefined
  /** A workflow task has ended: only then a run has anything new to show. */
  hasWorked: boolean
  /** Where to read on, in the next execution where there is one; undefined when nothing more is to come. */
  next: Bookmark | undefined
}

/** Temporal holds a request for 20 s. A connection that is dead is noticed after that at the latest. */
const longestMs = 60_000

/** The next part of an execution's history: at once what is there, else what comes, or nothing after a while. */
export async function readOn(
  client: Client,
  workflowId: string,
  { runId, pageToken }: Bookmark,
  signal: AbortSignal,
): Promise<Part> {
  const request = {
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    waitNewEvent: true,
    skipArchival: true,
    ...(pageToken === undefined ? {} : { nextPageToken: pageToken }),
  }
  const answer = await inRound([signal], (round) =>
    client.withAbortSignal(round, () =>
      client.withDeadline(Date.now() + longestMs, () =>
        client.workflowService.getWorkflowExecutionHistory(request),
      ),
    ),
  )
  const events = answer.history?.events ?? []
  const continuedAs = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId
  const token = answer.nextPageToken?.length ? answer.nextPageToken : undefined
  const lastEventId = events.at(-1)?.eventId
  return {
    lastEventId: lastEventId === undefined || lastEventId === null ? undefined : Number(lastEventId),
    hasWorked: events.some((event) => event.workflowTaskCompletedEventAttributes),
    next: continuedAs ? { runId: continuedAs } : token ? { runId, pageToken: token } : undefined,
  }
}
