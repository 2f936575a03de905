import { JobwrightError } from '../base/errors.ts'
import { type Failure, toFailure as failureOf } from '../base/failure.ts'
import { JobsApiError } from '../client/errors.ts'

/** What was asked for cannot be done as it was asked: an argument, a file. `fix` says how to ask. */
export function usageError(code: string, message: string, fix: string): JobwrightError {
  return new JobwrightError({ code, fault: 'usage', message, fix })
}

/** What to tell of any error on this command line. */
export function toFailure(error: unknown): Failure {
  const failure = failureOf(error)
  if (!(error instanceof JobsApiError)) return failure
  return { ...failure, message: [error.message, ...problemLines(error)].join('\n'), fix: fixOf(error) }
}

/** A client does not know where it got its token and address from; the command line does. */
function fixOf({ kind, fault, status, code }: JobsApiError): string | undefined {
  // No resource is missing: nothing at all is there.
  if (code === 'http_404' || code === 'unknown_path')
    return 'check that JOBS_API_URL ends in the path of the API, such as http://127.0.0.1:8300/api/v1'
  if (status === 401 || status === 403) return 'set JOBS_API_TOKEN to a token that this server knows'
  return kind === 'not_sent' && fault === 'unreachable' ? 'start it, or correct JOBS_API_URL' : undefined
}

/** One line per place that the server complains about (RFC 9457 `errors`), unless the message names it already. */
function problemLines({ message, problem }: JobsApiError): string[] {
  return (problem?.errors ?? [])
    .filter(({ pointer, detail }) => !message.includes(detail) || !message.includes(pointer))
    .map(({ pointer, detail }) => `  ${pointer || '/'}: ${detail}`)
}
