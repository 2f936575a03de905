import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow'
import type { StepError } from '../pipeline/plan/index.ts'

/** A retry that was due while a cancel was requested: not a cancellation by type, but one by meaning. */
export function isCancelRequested(error: unknown): boolean {
  return error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED'
}

/** The step's own timeout: either it ran out, or the next attempt would have come after it. */
export function isOutOfTime(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false
  if (error.retryState === 'TIMEOUT') return true
  return error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_CLOSE'
}

/** How an activity ended for good, as a step error. Undefined for a cancellation, and for what is no activity's. */
export function finalError(error: unknown): StepError | undefined {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) return undefined
  const { cause } = error
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'error', message: cause.message }
  // Temporal itself gave up on it, for a result that is too large for instance.
  return { code: 'activity_failed', message: cause?.message ?? error.message }
}
