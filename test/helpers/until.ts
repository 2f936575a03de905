import { setTimeout as delay } from 'node:timers/promises'

/** Waits for a condition, not for a time: looks until `probe` answers something, and says what it last saw when it never does. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  let pauseMs = 25
  while (Date.now() < deadline) {
    try {
      const seen = await probe()
      if (seen !== undefined && seen !== false) return seen
      last = seen
    } catch (error) {
      last = error
    }
    await delay(pauseMs)
    // Who looks often at what takes long slows it down.
    pauseMs = Math.min(100, pauseMs * 1.25)
  }
  throw new Error(
    `${what}: not within ${timeoutMs} ms; last: ${last instanceof Error ? last.message : String(last)}`,
  )
}
