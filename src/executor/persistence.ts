import { pause } from '../base/abort.ts'
import { JobsApiError } from '../client/index.ts'

/** Wrong in itself: no server would ever take it. */
const hopeless: readonly string[] = ['bad_request', 'bad_path_parameter', 'bad_port']
/** A token may have been rotated, so this is worth another try, unlike any other refusal. */
const unauthorized = 401
const conflict = 409
/** For one request that carries an output: a large one over a slow line takes longer than other requests. */
export const outputTimeoutMs = 120_000
const shortestMs = 200
const longestMs = 10_000
/** Nobody listens there, so asking costs nothing: a server that is started again is found at once. */
const longestRefusedMs = 1_000

/** Whether the same report may be taken later. Every report may be sent twice, so an unknown outcome is one of these. */
export function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof JobsApiError) || hopeless.includes(error.code) || error.status === conflict)
    return false
  return error.kind !== 'rejected' || error.status === unauthorized
}

/** Milliseconds before try `tries + 1`: what the server asked for, else exponential with jitter. `random` in 0…1. */
export function backoffMs(
  tries: number,
  retryAfterMs: number | undefined,
  random: number,
  mostMs = longestMs,
): number {
  // No pause at all would be a storm.
  if (retryAfterMs) return Math.min(retryAfterMs, 60_000)
  return Math.min(mostMs, shortestMs * 2 ** Math.min(tries, 10)) * (0.5 + random / 2)
}

/** The same after a failure. */
export function delayAfter(error: unknown, tries: number, random: number): number {
  if (!(error instanceof JobsApiError)) return backoffMs(tries, undefined, random)
  const mostMs = error.code === 'connection_refused' ? longestRefusedMs : longestMs
  return backoffMs(tries, error.retryAfterMs, random, mostMs)
}

export interface PersistOptions {
  /** No new try once it is aborted; the one under way runs into its own timeout. */
  until: AbortSignal
  worthRetrying?: (error: unknown, tries: number) => boolean
  onFailure?: (error: unknown, delayMs: number) => void
}

/**
 * Calls `work` until it succeeds, at least once.
 * @throws the last error, when it is not worth a retry or `until` is aborted
 */
export async function persist<T>(work: () => Promise<T>, options: PersistOptions): Promise<T> {
  const { until, worthRetrying = isWorthRetrying, onFailure } = options
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (until.aborted || !worthRetrying(error, tries)) throw error
      const delayMs = delayAfter(error, tries - 1, Math.random())
      onFailure?.(error, delayMs)
      await pause(delayMs, until)
      if (until.aborted) throw error
    }
  }
}
