import type { Client } from '@temporalio/client'
import { decodePayloads } from './payloads.ts'

/** What an execution of a workflow was started with. */
export interface Start<T> {
  argument: T
  /** The run id of the execution that went on as this one. */
  earlier: string | undefined
}

/**
 * By the first event of the history, and so without a worker.
 * @param execution without `runId`: the present one
 * @returns undefined where it was started without an argument
 */
export async function readStart<T>(
  client: Client,
  execution: { workflowId: string; runId?: string },
): Promise<Start<T> | undefined> {
  const { workflowId, runId } = execution
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: runId === undefined ? { workflowId } : { workflowId, runId },
    maximumPageSize: 1,
  })
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes
  const [first] = await decodePayloads(client, started?.input?.payloads?.slice(0, 1) ?? [])
  const data = first?.data
  if (!data) return undefined
  const argument = JSON.parse(new TextDecoder().decode(data)) as T
  return { argument, earlier: started?.continuedExecutionRunId || undefined }
}

/**
 * Keeps what was read of the last few executions that were asked about; what fails is read again.
 * @param most how many are kept: many activities ask about the same few
 */
export function keepStarts<T>(most: number): (runId: string, read: () => Promise<T>) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (runId, read) => {
    const found = known.get(runId) ?? read()
    known.set(runId, found)
    found.catch(() => known.delete(runId))
    const [oldest] = known.keys()
    if (known.size > most && oldest !== undefined) known.delete(oldest)
    return found
  }
}
