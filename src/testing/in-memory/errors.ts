import { JobwrightError } from '../../base/errors.ts'

/** A mistake in how a test is set up. */
export function setupError(code: string, message: string, fix: string): JobwrightError {
  return new JobwrightError({ code, fault: 'usage', message, fix })
}
