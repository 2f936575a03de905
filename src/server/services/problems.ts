import { type Fault, faults, JobwrightError } from '../../base/errors.ts'
import { basePath, type PipelineFinding } from '../../contract/index.ts'

/** One thing wrong with a request. `pointer`: a JSON pointer into the body, `?name` of a query parameter, `{name}` of a path parameter, or a header's name. */
export interface ProblemDetail {
  pointer: string
  detail: string
}

interface ApiProblemOptions {
  errors?: readonly ProblemDetail[]
  /** Of a pipeline. */
  findings?: readonly PipelineFinding[]
  headers?: Readonly<Record<string, string>>
}

/** The most problems that one answer lists. */
const listedProblems = 100

/** What a caller did that cannot be answered as asked. Becomes an RFC 9457 answer at one place, `routes/problem-response.ts`. */
export class ApiProblem extends JobwrightError {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly errors: readonly ProblemDetail[]
  readonly findings: readonly PipelineFinding[]
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, detail: string, options: ApiProblemOptions = {}) {
    super({ code, fault: faultOf(status), message: detail })
    this.status = status
    this.errors = options.errors ?? []
    this.findings = options.findings ?? []
    this.headers = options.headers ?? {}
  }
}

function faultOf(status: number): Fault {
  if (status === faults.unreachable.httpStatus) return 'unreachable'
  if (status >= 500) return 'defect'
  return status === faults.refused.httpStatus ? 'refused' : 'usage'
}

/** What a client may wait before it asks again: a database that restarts is back within seconds. */
const retryAfterSeconds = 2

/** 503: what is needed for an answer is not there now. */
export function unavailable(code: string, detail: string): ApiProblem {
  const headers = { 'Retry-After': String(retryAfterSeconds) }
  return new ApiProblem(faults.unreachable.httpStatus, code, detail, { headers })
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

/** 404, of a path. */
export function nothingThere(pathname: string): ApiProblem {
  const detail = `There is nothing at ${pathname.slice(0, 200)}; the API is under ${basePath}`
  return new ApiProblem(404, 'unknown_path', detail)
}

/** 404. The same words for a thing that never was and for one of another workspace. */
export function unknown(
  kind:
    | 'job'
    | 'job_run'
    | 'output'
    | 'document'
    | 'metagraph'
    | 'pipeline'
    | 'pipeline_run'
    | 'schedule'
    | 'backfill',
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
  const isOfStore = error instanceof JobwrightError && !(error instanceof ApiProblem)
  return isOfStore && error.code === 'bad_cursor' ? badCursor(parameter) : error
}

/** 422. */
export function badCursor(parameter: 'cursor' | 'after'): ApiProblem {
  return invalid('bad_cursor', [
    {
      pointer: `?${parameter}`,
      detail: 'not a cursor of this server; expected one that an earlier answer gave, unchanged',
    },
  ])
}
