import { setTimeout as delay } from 'node:timers/promises'

/** Resolves when the signal aborts, or at once when it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Waits `ms` milliseconds, or until the signal aborts; never rejects, and leaves no listener behind. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
}

/** Waits for a promise, but not longer than `ms` milliseconds; leaves no timer behind. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([promise, pause(ms, over.signal)]).finally(() => over.abort())
}

/**
 * Gives `work` a signal that aborts with any of `signals`, and in any case when the work is over: what it began to wait for, and
 * waits for no longer, ends then. Leaves no listener behind, since the signals may live for days.
 */
export async function inRound<T>(
  signals: readonly AbortSignal[],
  work: (round: AbortSignal) => Promise<T>,
): Promise<T> {
  const round = new AbortController()
  const stop = () => round.abort()
  if (signals.some((signal) => signal.aborted)) stop()
  for (const signal of signals) signal.addEventListener('abort', stop, { once: true })
  try {
    return await work(round.signal)
  } finally {
    stop()
    for (const signal of signals) signal.removeEventListener('abort', stop)
  }
}
