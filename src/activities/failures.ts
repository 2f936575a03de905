import { ApplicationFailure, CompleteAsyncError, Context } from '@temporalio/activity'
import { JobsApiError } from '../client/index.ts'

/**
 * The only place that decides which failure of the Jobs API is tried again.
 * Every request here that starts something carries a key, so what may or may not have arrived is sent again without harm
 * (trigger protocol, mode `fenced`).
 */
export function toFailure(error: unknown): unknown {
  if (!(error instanceof JobsApiError)) return error
  // A rejected token may be replaced while we wait; a pipeline must outlive that.
  const worthWaiting = error.kind !== 'rejected' || error.status === 401 || error.status === 429
  // Cancelled before it ever started: the key stays barred.
  const barred = error.code === 'key_barred'
  if (!worthWaiting || barred) return rejected(error.code, error.message)
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: false,
    ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
  })
}

/** A step error: the server's final no, or ours. `type` becomes the error code of the step. */
export function rejected(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code)
}

/** Runs `work`, mapping what the client throws and telling a cancelled step from a worker that shuts down. */
export async function withFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const context = Context.current()
    if (!context.cancellationSignal.aborted || error instanceof CompleteAsyncError) throw toFailure(error)
    if (context.cancellationDetails?.cancelRequested) throw context.cancellationSignal.reason
    // Reported as cancelled, a deploy would look like a person's cancel.
    throw ApplicationFailure.retryable('the worker is shutting down; another one goes on', 'worker_shutdown')
  }
}
