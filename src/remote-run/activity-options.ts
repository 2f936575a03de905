import type { TimeLeft } from './port.ts'

/** For one exchange with a Jobs API, its own retries of single requests included. */
export const triggerTimeoutMs = 60_000
/** What fails for a reason that may pass is tried again for as long as the step has time. */
export const activityRetry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000 }
/** Of what nobody waits for by the second. */
export const heldRetry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 }

/** Bounds all attempts together by what is left of the step's time. */
export function scheduleToClose(left: TimeLeft): { scheduleToCloseTimeout?: number } {
  const ms = left()
  return ms === undefined ? {} : { scheduleToCloseTimeout: Math.max(1, ms) }
}
