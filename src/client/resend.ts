import type { JobsApiError } from './errors.ts'

/** How a server of ours says that it did nothing, as it had no time for it. */
export const overloadedType = 'urn:jobwright:problem:overloaded'

/** Whether an answer proves that the request was not processed: it may be sent again, a POST without a key too. */
export function wasNotProcessed(error: JobsApiError): boolean {
  return error.status === 429 || isOverloaded(error)
}

function isOverloaded({ status, problem }: JobsApiError): boolean {
  return status === 503 && problem?.type === overloadedType
}

/** A resend costs one, and a success earns a part of one, so that resends stay few beside what succeeds. */
const mostResends = 100
const earnedBySuccess = 0.2

/** Decides whether a client sends again by itself what an overloaded server refused. One for all requests of a client. */
export interface Resends {
  /** How long to wait before; undefined when the caller is to be told instead. */
  pauseMs(error: JobsApiError, spentMs: number, timeoutMs: number): number | undefined
  succeeded(): void
}

/** @param random 0…1, for spreading what was refused at the same time */
export function createResends(random: () => number = Math.random): Resends {
  let left = mostResends
  return {
    pauseMs(error, spentMs, timeoutMs) {
      if (!isOverloaded(error) || error.retryAfterMs === undefined) return undefined
      const pauseMs = error.retryAfterMs + random() * 500
      // The other half is for the answer: what is sent too late would be done, and nobody hear of it.
      if (spentMs + pauseMs > timeoutMs / 2 || left < 1) return undefined
      left -= 1
      return pauseMs
    },
    succeeded() {
      left = Math.min(mostResends, left + earnedBySuccess)
    },
  }
}
