import { ApplicationFailure, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow'
import { wakeSignal } from './schedule-messages.ts'

/** Started by Temporal's schedule for each time that it has: wakes the keeper, and decides nothing. */
export async function scheduleTick({ keeper }: { keeper: string }): Promise<void> {
  try {
    await getExternalWorkflowHandle(keeper).signal(wakeSignal, { atMs: scheduledForMs() })
  } catch (error) {
    const name = keeper.slice(keeper.indexOf('/') + 1)
    throw ApplicationFailure.create({
      type: 'schedule_without_keeper',
      message: `the workflow ${keeper}, which keeps schedule ${name}, is not running, so nothing is started: somebody ended it; apply the schedule's file again (\`jobwright schedule apply\`), which starts it anew, or delete this schedule in Temporal`,
      nonRetryable: true,
      ...(error instanceof Error ? { cause: error } : {}),
    })
  }
}

/** The time that this is for, which may be long ago: Temporal, or all workers, were away. */
function scheduledForMs(): number {
  const { searchAttributes, startTime } = workflowInfo()
  const [scheduled] = searchAttributes['TemporalScheduledStartTime'] ?? []
  return (scheduled instanceof Date ? scheduled : startTime).getTime()
}
