/** One thing wrong with a request. `pointer`: a JSON pointer into the body, `?name` of a query parameter, `{name}` of a path parameter, or a header's name. */
export interface ProblemDetail {
  pointer: string
  detail: string
}

interface ApiProblemOptions {
  errors?: readonly ProblemDetail[]
  headers?: Readonly<Record<string, string>>
}

/** The most problems that one answer lists. */
const listedProblems = 100

/** What a caller did that cannot be answered as asked. Becomes an RFC 9457 answer at one place, `routes/problem-response.ts`. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  /** Stable, for machines. */
  readonly code: string
  readonly errors: readonly ProblemDetail[]
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, detail: string, options: ApiProblemOptions = {}) {
    super(detail)
    this.status = status
    this.code = code
    this.errors = options.errors ?? []
    this.headers = options.headers ?? {}
  }
}

/** 422 with every problem found (the first hundred of them). */
export function invalid(code: string, errors: readonly ProblemDetail[]): ApiProblem {
  const more = errors.length - listedProblems
  const count = errors.length === 1 ? 'One thing' : `${errors.length} things`
  const first = errors[0]
  const detail = `${count} wrong with the request${first ? `: ${first.pointer || '(the whole body)'}: ${first.detail}` : ''}`
  return new ApiProblem(422, code, more > 0 ? `${detail} (the first ${listedProblems} are listed)` : detail, {
    errors: errors.slice(0, listedProblems),
  })
}

/** 404. The same words for a thing that never was and for one of another workspace. */
export function unknown(
  kind: 'job' | 'job_run' | 'output' | 'document' | 'metagraph',
  name: string,
): ApiProblem {
  return new ApiProblem(
    404,
    `unknown_${kind}`,
    `There is no ${kind.replace('_', ' ')} ${name} in this workspace`,
  )
}

/** A 422 about a cursor when the store says that it did not make it; anything else as it is. */
export function orBadCursor(error: unknown, parameter: 'cursor' | 'after'): unknown {
  if (
    error instanceof ApiProblem ||
    !(error instanceof Error) ||
    !('code' in error) ||
    error.code !== 'bad_cursor'
  )
    return error
  return invalid('bad_cursor', [
    {
      pointer: `?${parameter}`,
      detail: 'not a cursor of this server; expected one that an earlier answer gave, unchanged',
    },
  ])
}
