import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow'

/**
 * Where a workflow task runs out of time while its local activities are under way, as on a machine that is starved, the SDK goes on with
 * them in the task that follows. What came in between is then heard after they were begun; on a replay it comes before, and no later task
 * would ever fit. Such a task is failed instead, and done again from the history.
 */
export interface TornTasks {
  /** Begins local activities by `work`, and knows of them until they are over. */
  during<T>(work: () => Promise<T>): Promise<T>
}

export function watchTornTasks(): TornTasks {
  const { taskTimeoutMs } = workflowInfo()
  let underWay = 0
  /** What goes on from a task that is in the history, goes on so on a replay, too. */
  let wasBegunNow = false
  let seenLength = 0
  let startedMs = 0

  /** A task that is completed for its local activities to go on is so before its time is over, and the next one begins at once. */
  function isTorn(): boolean {
    const { historyLength, unsafe } = workflowInfo()
    let isOutOfTime = false
    if (historyLength !== seenLength) {
      isOutOfTime = wasBegunNow && Date.now() - startedMs >= taskTimeoutMs
      seenLength = historyLength
      startedMs = Date.now()
    }
    wasBegunNow = underWay > 0 && !unsafe.isReplaying
    return isOutOfTime
  }
  let mustFail = false
  CancellationScope.nonCancellable(async () => {
    await condition(isTorn)
    mustFail = true
  }).catch(() => {})
  // Fails the task once nothing else goes on: whatever still followed would find no workflow around it, and end the worker.
  CancellationScope.nonCancellable(() =>
    condition(() => {
      if (mustFail) throw new Error('the workflow task before this one ran out of time; it is done again')
      return false
    }),
  ).catch(() => {})

  return {
    during(work) {
      const ended = work()
      const over = () => {
        underWay -= 1
      }
      underWay += 1
      ended.then(over, over)
      return ended
    },
  }
}
