import { CancellationScope, sleep } from '@temporalio/workflow'

/**
 * A time that is over when its timer says so, and not when the clock does: beside local activities `Date.now()` is another one on a
 * replay, and nothing that a workflow does may hang on it.
 */
export interface Deadline {
  /** Rejects with the cancellation of the scope, and when it is ended. */
  readonly over: Promise<void>
  isOver(): boolean
  /** The timer is not needed any more. */
  end(): void
}

/**
 * @param parent what it ends with
 * @param calm what to wait for before anything follows
 */
export function startDeadline(
  parent: CancellationScope,
  ms: number,
  calm: () => Promise<void> | undefined,
): Deadline {
  const scope = new CancellationScope({ parent, cancellable: true })
  let isOver = false
  const over = scope
    .run(() => sleep(Math.max(1, ms)))
    .then(async () => {
      await calm()
      isOver = true
    })
  over.catch(() => {})
  return { over, isOver: () => isOver, end: () => scope.cancel() }
}
