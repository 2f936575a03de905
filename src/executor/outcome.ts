import { codeOf, messageWithCauses } from '../base/causes.ts'
import { storable } from '../base/text.ts'
import type { RunError } from '../contract/index.ts'
import { RetryableError } from '../job-types/errors.ts'
import { truncateBytes } from './text.ts'

/**
 * Why a handler was told to stop: someone cancelled the run, its time is up, this worker shuts down, or the attempt is
 * not ours any more (Temporal gave up on it, or ended it).
 */
export type StopReason = 'cancel' | 'timeout' | 'shutdown' | 'superseded'

export type HandlerEnd = { ended: 'completed' } | { ended: 'threw'; error: unknown }

/** What becomes of the run, or of this attempt of it. */
export type Outcome =
  | { become: 'completed' }
  | { become: 'failed'; error: RunError }
  | { become: 'cancelled' }
  | { become: 'retried'; error: RunError; afterMs?: number }
  | { become: 'abandoned' }

const errorBytes = 4096
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

/** A handler that completes has completed, whatever was asked of it meanwhile. */
export function decideOutcome(
  end: HandlerEnd,
  stop: StopReason | undefined,
  attempt: { number: number; max: number },
  redact: (text: string) => string,
): Outcome {
  if (end.ended === 'completed') return { become: 'completed' }
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
      return decideFailure(end.error, attempt, redact)
    default:
      return stop satisfies never
  }
}

function decideFailure(
  error: unknown,
  attempt: { number: number; max: number },
  redact: (text: string) => string,
): Outcome {
  const runError = toRunError(error, redact)
  if (!(error instanceof RetryableError)) return { become: 'failed', error: runError }
  if (attempt.number >= attempt.max)
    return {
      become: 'failed',
      error: {
        code: 'attempts_exhausted',
        message: truncateBytes(
          `attempt ${attempt.number} of ${attempt.max}: ${runError.message}`,
          errorBytes,
        ),
      },
    }
  const code = runError.code === 'handler_error' ? 'retryable' : runError.code
  return {
    become: 'retried',
    error: { ...runError, code },
    ...(error.retryAfterMs === undefined ? {} : { afterMs: error.retryAfterMs }),
  }
}
