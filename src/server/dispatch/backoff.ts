import { setTimeout as delay } from 'node:timers/promises'

const firstMs = 250
const longestMs = 10_000

/** How long to wait after the `tries`-th failure in a row (from 0): doubling, at most 10 s, up to a quarter less by chance. */
export function backoffMs(tries: number, random: () => number): number {
  return Math.round(Math.min(longestMs, firstMs * 2 ** Math.min(tries, 16)) * (1 - random() / 4))
}

/** Waits, or less when aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}

/** @throws Error when the promise takes longer; what it does then is not waited for */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
