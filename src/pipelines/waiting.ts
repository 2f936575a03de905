import type { Client } from '@temporalio/client'
import { inRound } from '../base/abort.ts'
import { throwFromTemporal } from '../temporal/index.ts'

/** What every call takes. */
export interface CallOptions {
  /** Ends the waiting for an answer at once, with the signal's reason; never a run. What was asked for may be done all the same. */
  signal?: AbortSignal | undefined
}

/** Does something with Temporal for as long as its caller waits. @throws the signal's reason; what `fromTemporal` makes of a failed call */
export async function waitFor<T>(
  client: Client,
  { signal }: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal) return work().catch(throwFromTemporal)
  signal.throwIfAborted()
  return inRound([signal], (round) => {
    const isLeft = new Promise<never>((_, reject) =>
      round.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    )
    return Promise.race([client.withAbortSignal(round, work).catch(throwFromTemporal), isLeft])
  })
}
