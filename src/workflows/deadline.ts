import { CancellationScope, sleep } from '@temporalio/workflow'

/**
 * A time that is over when its timer says so, and not when the clock does: beside local activities `Date.now()` is another one on a
 * replay, and nothing that a workflow does may hang on it.
 */
export interface Deadline {
  readonly over: Promise<void>
  isOver(): boolean
}

/**
 * The timer is never cancelled: one that is cancelled in the workflow task that starts it is not replayed well beside local activities.
 * It fires, and nobody may care any more.
 * @param calm what to wait for before anything follows
 */
export function startDeadline(ms: number, calm: () => Promise<void> | undefined): Deadline {
  let isOver = false
  const over = CancellationScope.nonCancellable(async () => {
    await sleep(Math.max(1, ms))
    await calm()
    isOver = true
  })
  return { over, isOver: () => isOver }
}
