import type { Client } from '@temporalio/client'
import { isOpen, isTaskLost } from '../executions/index.ts'

interface ExecutionId {
  workflowId: string
  runId: string
}

/** What Temporal knows of one execution, for activities that ask about their own. */
export interface Executions {
  /** Rejects where Temporal does not say so in time. */
  isOpen(execution: ExecutionId, withinMs: number): Promise<boolean>
  /** Whether the workflow task that began before this event of the history was lost. */
  isTaskLost(execution: ExecutionId, beforeEvent: number): Promise<boolean>
}

export function createExecutions(client: Client): Executions {
  return {
    async isOpen({ workflowId, runId }, withinMs) {
      const describe = () => client.workflow.getHandle(workflowId, runId).describe()
      return isOpen((await client.withDeadline(Date.now() + withinMs, describe)).status)
    },
    isTaskLost: (execution, beforeEvent) => isTaskLost(client, execution, beforeEvent),
  }
}
