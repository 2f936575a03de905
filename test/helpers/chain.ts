import type { Client, WorkflowExecutionDescription } from '@temporalio/client'

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>

/** The executions of a pipeline run, first to last. */
export async function historiesOf(client: Client, workflowId: string): Promise<History[]> {
  const last: WorkflowExecutionDescription = await client.workflow.getHandle(workflowId).describe()
  const histories: History[] = []
  for (let runId: string | null | undefined = last.raw.workflowExecutionInfo?.firstRunId; runId; ) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    histories.push(history)
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId
  }
  return histories
}

/** How the workflow tasks of an execution ended. */
export function workflowTasksOf({ events }: History): {
  completed: number
  failed: string[]
  timedOut: number
} {
  const all = events ?? []
  return {
    completed: all.filter((event) => event.workflowTaskCompletedEventAttributes).length,
    failed: all.flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
      failed ? [`cause ${String(failed.cause)}: ${failed.failure?.message ?? ''}`] : [],
    ),
    timedOut: all.filter((event) => event.workflowTaskTimedOutEventAttributes).length,
  }
}

/** Whether a workflow task or a local activity of it was late, as where the machine stood still: what was late is rightly done again. */
export const wasHeldUp = ({ events }: History): boolean =>
  (events ?? []).some(
    (event) => event.workflowTaskTimedOutEventAttributes || event.markerRecordedEventAttributes?.failure,
  )
