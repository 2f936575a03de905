import { activitiesOf } from './activity-options.ts'

const timeoutMs = 2_000

/** Ends the workflow task, and is over in the next one: at once, where a timer of the shortest time takes up to a second. */
export function beginWorkflowTask(): Promise<void> {
  const options = { startToCloseTimeout: timeoutMs, summary: 'end the workflow task' }
  return activitiesOf({}, options).beginWorkflowTask()
}
