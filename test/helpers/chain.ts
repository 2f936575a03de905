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

/** Of a workflow task: `TIMEOUT_TYPE_START_TO_CLOSE` of Temporal's API. */
const startToClose = 1

/** How the workflow tasks of an execution ended. One that lay in a queue for too long is none that took too long. */
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
    timedOut: all.filter(
      ({ workflowTaskTimedOutEventAttributes: late }) => late?.timeoutType === startToClose,
    ).length,
  }
}
