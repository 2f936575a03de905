import type { WorkflowExecutionStatusName } from '@temporalio/client'

const openStatuses: readonly WorkflowExecutionStatusName[] = [
  'RUNNING',
  // Somebody halted it in Temporal: it goes on some time.
  'PAUSED',
  // What it goes on as is about to be seen.
  'CONTINUED_AS_NEW',
]

/** Whether a workflow is not over, by Temporal's word for how it stands. */
export function isOpen({ name }: { name: WorkflowExecutionStatusName }): boolean {
  return openStatuses.includes(name)
}
