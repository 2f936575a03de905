import { inRound } from '../base/abort.ts'
import { throwFromTemporal } from '../temporal/index.ts'
import type { PipelinesContext } from './options.ts'

/** What every call takes. */
export interface CallOptions {
  /** Ends the waiting for an answer at once, with the signal's reason; never a run. What was asked for may be done all the same. */
  signal?: AbortSignal | undefined
}

/**
 * Does something with Temporal for as long as its caller waits.
 * @throws the signal's reason; why the client was closed; what `fromTemporal` makes of a failed call
 */
export async function waitFor<T>(
  { client, closing }: Pick<PipelinesContext, 'client' | 'closing'>,
  { signal }: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  const failed = (error: unknown): never => {
    // A connection that is gone fails in many words.
    closing?.throwIfAborted()
    return throwFromTemporal(error)
  }
  if (!signal) return work().catch(failed)
  signal.throwIfAborted()
  return inRound([signal], (round) => {
    const isLeft = new Promise<never>((_, reject) =>
      round.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    )
    return Promise.race([client.withAbortSignal(round, work).catch(failed), isLeft])
  })
}
