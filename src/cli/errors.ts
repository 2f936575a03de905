import { faults, JobwrightError } from '../base/errors.ts'
import type { Problem } from '../contract/index.ts'
import { exitCodes } from './exit-codes.ts'

/** Something that a command cannot do, said to a person: what was found, what to do, and the exit code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  /** Stable, for machines. */
  readonly code: string
  readonly fix: string | undefined
  readonly exitCode: number

  constructor(
    code: string,
    message: string,
    options: { fix?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fix = options.fix
    this.exitCode = options.exitCode ?? exitCodes.usage
  }
}

export interface Failure {
  code: string
  message: string
  fix?: string | undefined
  exitCode: number
}

/**
 * What to tell of any error. Errors of other rooms are known by their `code`, `name` and `kind`, not by class:
 * importing the classes would load the whole Temporal client for `--version`.
 */
export function toFailure(error: unknown): Failure {
  if (error instanceof CliError) return error
  if (!(error instanceof Error)) return { code: 'defect', message: String(error), exitCode: exitCodes.defect }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const message = messageWithCause(error)
  if (error instanceof JobwrightError)
    return { code: error.code, message, fix: error.fix, exitCode: faults[error.fault].exitCode }
  switch (error.name) {
    case 'ConfigError':
    case 'TemporalTlsError':
      return { code: code ?? 'bad_environment', message, exitCode: exitCodes.usage }
    case 'TemporalUnreachableError':
      return {
        code: code ?? 'temporal_unreachable',
        message,
        fix: 'start it, or correct TEMPORAL_ADDRESS; `jobwright dev` starts a whole stack here',
        exitCode: exitCodes.unreachable,
      }
    case 'JobsApiError':
      return apiFailure(error, code, message)
    case 'UserConfigError':
    case 'JobTypeDefinitionError':
      return { code: code ?? 'bad_user_config', message, exitCode: exitCodes.usage }
    case 'ServiceError':
      return { code: 'temporal_failed', message, exitCode: exitCodes.unreachable }
    default:
      return code !== undefined && ownCode.test(code)
        ? { code, message, exitCode: exitCodes.unreachable }
        : { code: 'defect', message: error.stack ?? message, exitCode: exitCodes.defect }
  }
}

/** Codes of ours are words; those of Node.js and of the system are shouted. */
const ownCode = /^[a-z][a-z_]*$/

/** Refused by the client itself, or by the environment it was given. */
const unusableRequest: readonly string[] = [
  'bad_request',
  'bad_path_parameter',
  'bad_token',
  'token_unavailable',
]

function apiFailure(error: Error, code: string | undefined, message: string): Failure {
  const kind = 'kind' in error ? error.kind : 'ambiguous'
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined
  const refused =
    kind === 'rejected' || status === 409 || (code !== undefined && unusableRequest.includes(code))
  if (refused) {
    const fix =
      status === 401 || status === 403 ? 'set JOBS_API_TOKEN to a token that this server knows' : undefined
    const text = [message, ...problemLines(error)].join('\n')
    return { code: code ?? 'rejected', message: text, fix, exitCode: exitCodes.usage }
  }
  const fix = kind === 'not_sent' ? 'start it, or correct JOBS_API_URL' : undefined
  return { code: code ?? 'jobs_api_failed', message, fix, exitCode: exitCodes.unreachable }
}

/** One line per place that the server complains about (RFC 9457 `errors`), unless the message names it already. */
function problemLines(error: Error): string[] {
  const problem = 'problem' in error ? (error.problem as Problem | undefined) : undefined
  return (problem?.errors ?? [])
    .filter(({ detail }) => !error.message.includes(detail))
    .map(({ pointer, detail }) => `  ${pointer || '/'}: ${detail}`)
}

/** The message and those of its causes, each once: `fetch failed: connect ECONNREFUSED 127.0.0.1:1`. */
export function messageWithCause(error: Error): string {
  const parts = [error.message]
  let cause = error.cause
  for (let depth = 0; cause instanceof Error && depth < 5; depth++, cause = cause.cause) {
    const text = cause.message || ('code' in cause ? String(cause.code) : '')
    if (text !== '' && !parts.some((part) => part.includes(text))) parts.push(text)
  }
  return parts.join(': ')
}
