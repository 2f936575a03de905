import { JobRunError, RetryableError } from '../job-types/errors.ts'
import type { Secrets } from '../job-types/user-config.ts'

/**
 * A secret's value from a worker's configuration.
 * @throws JobRunError `invalid_config` when there is none; RetryableError when it cannot be had just now. Neither holds a value.
 */
export async function readSecret(secrets: Secrets, name: string): Promise<string> {
  const source = Object.hasOwn(secrets, name) ? secrets[name] : undefined
  if (source === undefined)
    throw new JobRunError(
      'invalid_config',
      `the secret ${name} is not configured on this worker; add it to secrets in jobwright.config.ts`,
    )
  let value: unknown
  try {
    value = typeof source === 'function' ? await source() : source
  } catch (error) {
    // Not its message, which may hold the value. Nothing has run yet, so another attempt does no harm.
    throw new RetryableError(
      `the secret ${name} could not be read (${error instanceof Error ? error.name : typeof error})`,
    )
  }
  if (typeof value !== 'string')
    throw new JobRunError(
      'invalid_config',
      `the secret ${name} is no text; expected a string, or a function that returns one`,
    )
  return value
}
