/**
 * Whose fault an error is, and so what its reader can do:
 * - `usage`: what was asked cannot be done as it was asked (a file, an argument, a setting). Write it differently.
 * - `unreachable`: something that is needed is not to be had, or does not answer as it should. Start it, or try again.
 * - `refused`: the other side understood, and said no for good.
 * - `defect`: of ours. Nobody but us can mend it.
 */
export type Fault = 'usage' | 'unreachable' | 'refused' | 'defect'

export interface ErrorDetails {
  /** Stable, for machines: `unknown_job`, `bad_environment`, … */
  code: string
  fault: Fault
  /** What was found and what was expected. Never a secret's value. */
  message: string
  /** What to do about it, as a sentence without an end. */
  fix?: string | undefined
  cause?: unknown
}

/**
 * An error that somebody expects: it says what it is (`code`), whose fault it is, and what to do.
 * Anything else that is thrown is a defect. Which exit code or HTTP status follows: `faults`.
 */
export class JobwrightError extends Error {
  override readonly name: string = 'JobwrightError'
  readonly code: string
  readonly fault: Fault
  readonly fix: string | undefined

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.fault = details.fault
    this.fix = details.fix
  }
}

/** The one table from whose fault it is to what a shell and an HTTP client are told. 70 is sysexits' EX_SOFTWARE. */
export const faults = {
  usage: { exitCode: 2, httpStatus: 422 },
  unreachable: { exitCode: 3, httpStatus: 503 },
  refused: { exitCode: 2, httpStatus: 409 },
  defect: { exitCode: 70, httpStatus: 500 },
} as const satisfies Record<Fault, { exitCode: number; httpStatus: number }>
