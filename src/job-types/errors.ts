import { JobwrightError } from '../base/errors.ts'

/**
 * Thrown by a handler that could succeed if attempted again: the run stays active, and Temporal attempts it again,
 * after `retryAfterMs` where given, else with exponential backoff. Any other error fails the run.
 */
export class RetryableError extends JobwrightError {
  override readonly name: string = 'RetryableError'
  readonly retryAfterMs?: number

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super({ code: 'retryable', fault: 'unreachable', message, cause: options.cause })
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

/** A job type that cannot be offered as it is written: which, what was found, what was expected. */
export class JobTypeDefinitionError extends JobwrightError {
  override readonly name = 'JobTypeDefinitionError'

  constructor(message: string, fix?: string) {
    super({ code: 'bad_job_type', fault: 'usage', message, fix })
  }
}

/** Fails a run with a code of its own. */
export class JobRunError extends JobwrightError {
  override readonly name = 'JobRunError'

  constructor(code: string, message: string) {
    super({ code, fault: 'refused', message })
  }
}
