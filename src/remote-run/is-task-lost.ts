import { activitiesOf, heldRetry } from './activity-options.ts'

const timeoutMs = 10_000

/**
 * Whether the workflow task before this event of the history may have triggered job runs of which nothing is in the history.
 * Where Temporal does not say, it may.
 */
export async function isTaskLost(beforeEvent: number): Promise<boolean> {
  const options = {
    startToCloseTimeout: timeoutMs,
    scheduleToCloseTimeout: timeoutMs,
    summary: 'look for a lost workflow task',
    retry: heldRetry,
  }
  try {
    return await activitiesOf({}, options).isTaskLost({ beforeEvent })
  } catch {
    return true
  }
}
