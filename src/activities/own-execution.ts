import { Context } from '@temporalio/activity'

/** The workflow execution that this activity is of. */
export function ownExecution(): { workflowId: string; runId: string } {
  const { workflowExecution } = Context.current().info
  return { workflowId: workflowExecution?.workflowId ?? '', runId: workflowExecution?.runId ?? '' }
}
