import type { Client } from '@temporalio/client'
import { isOpen, isTaskLost } from '../executions/index.ts'

interface ExecutionId {
  workflowId: string
  runId: string
}

/** What Temporal knows of one execution, for activities that ask about their own. */
export interface Executions {
  isOpen(execution: ExecutionId): Promise<boolean>
  /** Whether the workflow task that began before this event of the history was lost. */
  isTaskLost(execution: ExecutionId, beforeEvent: number): Promise<boolean>
}

export function createExecutions(client: Client): Executions {
  return {
    isOpen: async ({ workflowId, runId }) =>
      isOpen((await client.workflow.getHandle(workflowId, runId).describe()).status),
    isTaskLost: (execution, beforeEvent) => isTaskLost(client, execution, beforeEvent),
  }
}
