import { JobsApiError } from '../client/index.ts'
import type { Clock, PollWarning } from './types.ts'

/** While nothing answers, one request in this time finds out whether that is over. */
export const probeMs = 5_000
const longestRetryAfterMs = 60 * 60_000

/** Of a connection: whether it answers, and until when it is left alone. */
export interface Health {
  well(): void
  /** Of one run only: others may be had all the same. */
  failed(error: JobsApiError, what: 'run' | 'list'): void
  blockedUntilMs(): number
  trouble(): { sinceMs: number; message: string } | null
}

/** Not an answer about what was asked: the server is away, overloaded, or does not know us any more. */
export function isOutage(error: unknown): error is JobsApiError {
  if (!(error instanceof JobsApiError)) return false
  return error.kind !== 'rejected' || error.status === 401 || error.status === 403
}

export function createHealth(clock: Clock, onWarning: (warning: PollWarning) => void): Health {
  let blockedMs = 0
  let inARow = 0
  let sick: { sinceMs: number; message: string } | null = null
  return {
    well() {
      inARow = 0
      if (!sick) return
      onWarning({ kind: 'outage_over', lastedMs: Math.round(clock.now() - sick.sinceMs) })
      sick = null
      blockedMs = 0
    },
    failed(error, what) {
      inARow += 1
      const nowMs = clock.now()
      const { retryAfterMs } = error
      // One run that cannot be shown is no outage.
      const isSerious =
        what === 'list' || inARow > 1 || error.kind === 'not_sent' || retryAfterMs !== undefined
      if (!isSerious && !sick) return
      const pauseMs = Math.max(
        probeMs * (1 + clock.random() * 0.2),
        Math.min(retryAfterMs ?? 0, longestRetryAfterMs),
      )
      blockedMs = Math.max(blockedMs, nowMs + pauseMs)
      if (sick) sick.message = error.message
      else {
        sick = { sinceMs: nowMs, message: error.message }
        onWarning({ kind: 'outage', message: error.message })
      }
    },
    blockedUntilMs: () => blockedMs,
    trouble: () => sick && { ...sick },
  }
}
