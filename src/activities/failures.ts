import { ApplicationFailure, CancelledFailure, CompleteAsyncError, Context } from '@temporalio/activity'
import {
  ActivityCompletionError,
  ActivityNotFoundError,
  isGrpcServiceError,
  ServiceError,
} from '@temporalio/client'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import { JobsApiError } from '../client/index.ts'

/**
 * The only place that decides which failure of the Jobs API is tried again.
 * What may or may not have arrived is sent again without harm: it carries a key, or makes a job that nobody runs. The POST that
 * starts a run without a key never comes by here.
 * @param mask what keeps secrets out of a message: a server may repeat what it was sent
 */
export function toFailure(error: unknown, mask: (text: string) => string = (text) => text): unknown {
  if (!(error instanceof JobsApiError))
    return isOwnRefusal(error) ? rejected(error.code, error.message) : error
  // A rejected token may be replaced while we wait; a pipeline must outlive that.
  const worthWaiting = error.kind !== 'rejected' || error.status === 401 || error.status === 429
  // Cancelled before it ever started: the key stays barred.
  const barred = error.code === 'key_barred'
  if (!worthWaiting || barred) return rejected(error.code, mask(error.message))
  return ApplicationFailure.create({
    type: error.code,
    message: mask(error.message),
    nonRetryable: false,
    ...delayAskedFor(error),
  })
}

const longestDelayMs = 60 * 60_000

/**
 * The pause that a server asked for. None, or one that is over, leaves it to the retry policy: Temporal takes a delay of 0 for a
 * retry that is not to be. What is kept for longer than an hour is better asked again.
 */
export function delayAskedFor({ retryAfterMs = 0 }: JobsApiError): { nextRetryDelay?: number } {
  return retryAfterMs > 0 ? { nextRetryDelay: Math.min(retryAfterMs, longestDelayMs) } : {}
}

/** A step error: the server's final no, or ours. `type` becomes the error code of the step. */
export function rejected(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code)
}

/** Refused by us for good, unlike what may pass. */
function isOwnRefusal(error: unknown): error is JobwrightError {
  return error instanceof JobwrightError && (error.fault === 'usage' || error.fault === 'refused')
}

/**
 * True of what nobody expects: not of the Jobs API's errors, of Temporal's, of ours, nor of an activity's ways to end. What
 * such an error breaks, it breaks again, so it is not tried for ever.
 */
export function isDefect(error: unknown): boolean {
  if (error instanceof JobwrightError) return error.fault === 'defect'
  return !(
    error instanceof ApplicationFailure ||
    error instanceof CancelledFailure ||
    error instanceof CompleteAsyncError ||
    error instanceof ServiceError ||
    error instanceof ActivityCompletionError ||
    error instanceof ActivityNotFoundError ||
    isGrpcServiceError(error)
  )
}

/** How often an activity may break on one worker; attempts that an outage ended do not count. */
export const defectsAllowed = 3
/** Of activities that broke: what is forgotten is only tried more often. */
const rememberedActivities = 1_000

/** Counts how often each activity broke: its attempts do not know of each other. */
export interface Defects {
  /** The failure to end the attempt with: the error itself while it may be tried again, then one that ends the activity. */
  count(error: unknown): unknown
  /** The present activity is over. */
  forget(): void
}

export function createDefects(): Defects {
  const counts = new Map<string, number>()
  const key = () => {
    const { workflowExecution, activityId } = Context.current().info
    return `${workflowExecution?.workflowId ?? ''}/${workflowExecution?.runId ?? ''}/${activityId}`
  }
  return {
    count(error) {
      const activity = key()
      const count = (counts.get(activity) ?? 0) + 1
      counts.delete(activity)
      if (count >= defectsAllowed) {
        const { activityType } = Context.current().info
        const what = `${error instanceof Error ? `${error.name}: ` : ''}${messageOf(error)}`
        return rejected(
          'worker_defect',
          `a defect of Jobwright: ${activityType} broke ${count} times, with ${what}`,
        )
      }
      counts.set(activity, count)
      const [oldest] = counts.keys()
      if (counts.size > rememberedActivities && oldest !== undefined) counts.delete(oldest)
      return error
    },
    forget: () => {
      if (counts.size > 0) counts.delete(key())
    },
  }
}

const refusedAgainMs = 500
/** So many: then the server is not merely started again, and the retry policy spares Temporal. */
const refusedAttempts = 10

/** Nobody listens there: a server that is started again is found soon. */
export function soonAgain(failure: unknown, attempt: number): unknown {
  if (!(failure instanceof ApplicationFailure) || failure.type !== 'connection_refused') return failure
  if (failure.nonRetryable || attempt > refusedAttempts) return failure
  const { type, message } = failure
  return ApplicationFailure.create({ type, message, nonRetryable: false, nextRetryDelay: refusedAgainMs })
}

/**
 * Runs `work`, mapping what the client throws, telling a cancelled step from a worker that shuts down, and ending what breaks again
 * and again. A result that cannot be made JSON would break in Temporal's client, where nobody could tell.
 */
export async function withFailures<T>(work: () => Promise<T>, defects: Defects): Promise<T> {
  try {
    const result = await work()
    JSON.stringify(result)
    defects.forget()
    return result
  } catch (error) {
    const context = Context.current()
    if (!context.cancellationSignal.aborted || error instanceof CompleteAsyncError)
      throw isDefect(error) ? defects.count(error) : soonAgain(toFailure(error), context.info.attempt)
    if (context.cancellationDetails?.cancelRequested) throw context.cancellationSignal.reason
    // Reported as cancelled, a deploy would look like a person's cancel.
    throw ApplicationFailure.retryable('the worker is shutting down; another one goes on', 'worker_shutdown')
  }
}
