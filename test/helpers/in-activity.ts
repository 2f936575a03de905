import { asyncLocalStorage, CancelledFailure, Context } from '@temporalio/activity'
import type { ActivityCancellationDetails } from '@temporalio/common'

type ContextArguments = ConstructorParameters<typeof Context>

/**
 * Runs `work` as Temporal's worker would: within an activity's context, of which only the cancellation, the heartbeats and what `info`
 * says are real.
 */
export function inActivity<T>(
  work: (cancel: (details: Partial<ActivityCancellationDetails>) => void) => Promise<T>,
  heartbeat: (details: unknown) => void = () => {},
  info: Partial<Context['info']> = {},
): Promise<T> {
  const cancellation = new AbortController()
  const holder: { details?: ActivityCancellationDetails } = {}
  const unused = undefined as never
  const context = new Context(
    info as ContextArguments[0],
    new Promise<never>(() => {}),
    cancellation.signal,
    heartbeat,
    undefined,
    unused,
    unused,
    holder as ContextArguments[7],
  )
  const cancel = (details: Partial<ActivityCancellationDetails>): void => {
    holder.details = details as ActivityCancellationDetails
    cancellation.abort(new CancelledFailure('cancelled'))
  }
  return asyncLocalStorage.run(context, () => work(cancel))
}
