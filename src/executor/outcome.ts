import { codeOf, messageWithCauses } from '../base/causes.ts'
import { storable } from '../base/text.ts'
import type { RunError } from '../contract/index.ts'
import { RetryableError } from '../job-types/errors.ts'
import type { HandlerEnd } from './handlers.ts'
import { truncateBytes } from './text.ts'

/**
 * Why a handler was told to stop: someone cancelled the run, its time is up, this worker shuts down, or the attempt is
 * not ours any more (Temporal gave up on it, or ended it).
 */
export type StopReason = 'cancel' | 'timeout' | 'shutdown' | 'superseded'

/** What becomes of the run, or of this attempt of it. */
export type Outcome =
  | { become: 'completed' }
  | { become: 'failed'; error: RunError }
  | { become: 'cancelled' }
  | {
      become: 'retried'
      error: RunError
      afterMs?: number
      /** The attempt does not count towards the job type's `maxAttempts`. */
      isUncounted?: boolean
      /** The next attempt gets a process of its own. */
      isAlone?: boolean
    }
  | { become: 'abandoned' }

const errorBytes = 4096
const longestDelayMs = 365 * 24 * 60 * 60_000
const codePattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

/** Whatever is thrown can be anything: a message that is no text, an object without `toString`, a getter that throws. */
function describeThrown(error: unknown): { code?: string | undefined; message: string } {
  try {
    const message = messageWithCauses(error)
    return {
      code: codeOf(error),
      message: error instanceof Error ? message : `threw ${typeof error}: ${message}`,
    }
  } catch {
    return { message: `threw ${typeof error} that cannot be turned into text` }
  }
}

/** `code` of the error where it has a usable one, with no secret in it; the message redacted first, then cut to 4 KiB. Never throws. */
export function toRunError(error: unknown, redact: (text: string) => string): RunError {
  const { code, message } = describeThrown(error)
  return {
    code: code !== undefined && codePattern.test(code) && redact(code) === code ? code : 'handler_error',
    message: truncateBytes(storable(redact(message)), errorBytes),
  }
}

/** To Temporal, 0 means its longest interval; and what it cannot count with ends its worker. */
function usableDelay(ms: number | undefined): { afterMs?: number } {
  return ms === undefined || !Number.isFinite(ms) || ms < 0
    ? {}
    : { afterMs: Math.min(Math.max(1, Math.round(ms)), longestDelayMs) }
}

/** What a handler threw, as plain data, with the secrets out of it. Never throws. */
export function toHandlerEnd(error: unknown, redact: (text: string) => string): HandlerEnd {
  const runError = toRunError(error, redact)
  const again = retryOf(error)
  if (!again) return { ended: 'threw', error: runError }
  const code = runError.code === 'handler_error' ? 'retryable' : runError.code
  return { ended: 'threw', error: { ...runError, code }, again }
}

/** A proxy may refuse even to say what it is. */
function retryOf(error: unknown): { afterMs?: number } | undefined {
  try {
    return error instanceof RetryableError ? usableDelay(error.retryAfterMs) : undefined
  } catch {
    return undefined
  }
}

/** What decides whether a run is attempted again. */
export interface Tries {
  /** The attempts so far that count, this one included. */
  number: number
  max: number
  onWorkerLost: 'retry' | 'fail'
}

/**
 * A handler that completes has completed, whatever was asked of it meanwhile; but not after its time, which is a promise to
 * whoever waits.
 */
export function decideOutcome(end: HandlerEnd, stop: StopReason | undefined, tries: Tries): Outcome {
  if (end.ended === 'completed' && stop !== 'timeout') return { become: 'completed' }
  switch (stop) {
    case 'cancel':
      return { become: 'cancelled' }
    case 'timeout':
      return { become: 'failed', error: { code: 'timeout', message: 'the run did not end in time' } }
    case 'shutdown':
      return {
        become: 'retried',
        error: { code: 'worker_shutdown', message: 'the worker shut down; another one takes the run' },
        afterMs: 1,
      }
    case 'superseded':
      return { become: 'abandoned' }
    case undefined:
      return decideFailure(end, tries)
    default:
      return stop satisfies never
  }
}

function decideFailure(end: HandlerEnd, tries: Tries): Outcome {
  switch (end.ended) {
    case 'completed':
      return { become: 'completed' }
    case 'threw':
      return end.again ? again(end.error, tries, end.again) : { become: 'failed', error: end.error }
    case 'lost':
      return decideLoss(end, tries)
    case 'not_begun':
      return {
        become: 'retried',
        error: { code: 'no_handler_process', message: end.message },
        isUncounted: true,
      }
    default:
      return end satisfies never
  }
}

/** Only a run that ended the process itself has used up an attempt by that. */
function decideLoss({ blame, message }: HandlerEnd & { ended: 'lost' }, tries: Tries): Outcome {
  if (tries.onWorkerLost === 'fail') {
    const detail = `${message}; the job type is never attempted again after that`
    return { become: 'failed', error: { code: 'worker_lost', message: detail } }
  }
  const error: RunError = { code: 'handler_process_lost', message }
  if (blame === 'this') return again(error, tries, {})
  // Whoever did it unknown: alone in its process the next attempt shows it.
  const next = blame === 'unknown' ? { isAlone: true } : { afterMs: 1 }
  return { become: 'retried', error, isUncounted: true, ...next }
}

function again(error: RunError, { number, max }: Tries, delay: { afterMs?: number }): Outcome {
  if (number < max) return { become: 'retried', error, ...delay }
  const message = truncateBytes(`attempt ${number} of ${max}: ${error.message}`, errorBytes)
  return { become: 'failed', error: { code: 'attempts_exhausted', message } }
}
