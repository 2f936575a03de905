/**
 * Thrown by a handler that could succeed if attempted again: the run stays active, and Temporal attempts it again,
 * after `retryAfterMs` where given, else with exponential backoff. Any other error fails the run.
 */
export class RetryableError extends Error {
  override readonly name: string = 'RetryableError'
  readonly retryAfterMs?: number

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

/** A job type that cannot be offered as it is written: which, what was found, what was expected. */
export class JobTypeDefinitionError extends Error {
  override readonly name = 'JobTypeDefinitionError'
  readonly code = 'bad_job_type'
}

/** Fails a run with a code of its own. */
export class JobRunError extends Error {
  override readonly name = 'JobRunError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
