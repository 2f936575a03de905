const firstMs = 250
const longestMs = 10_000

/** How long to wait after the `tries`-th failure in a row (from 0): doubling, at most 10 s, up to a quarter less by chance. */
export function backoffMs(tries: number, random: () => number): number {
  return Math.round(Math.min(longestMs, firstMs * 2 ** Math.min(tries, 16)) * (1 - random() / 4))
}

/** For calls to Temporal; once the server stops they get less. */
export const patience = { callMs: 10_000, stoppingMs: 2_000 } as const

/** How long a call may take, and what shortens that. */
export interface Patience {
  callMs: number
  /** How much longer a call may take once `stopping` is aborted. */
  stoppingMs: number
  stopping: AbortSignal
}

/** @throws Error when the promise takes longer than there is patience; what it does then is not waited for */
export async function within<T>(patience: Patience, what: string, promise: Promise<T>): Promise<T> {
  const { callMs, stoppingMs, stopping } = patience
  const late = Promise.withResolvers<never>()
  const giveUpAfter = (ms: number) =>
    setTimeout(() => late.reject(new Error(`${what} did not answer within ${ms} ms`)), ms)
  const timers = [giveUpAfter(callMs)]
  const hurry = () => timers.push(giveUpAfter(stoppingMs))
  if (stopping.aborted) hurry()
  stopping.addEventListener('abort', hurry, { once: true })
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    stopping.removeEventListener('abort', hurry)
    for (const timer of timers) clearTimeout(timer)
  }
}
