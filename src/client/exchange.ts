import type { Json } from '../base/json.ts'
import type { Problem } from '../contract/index.ts'
import { isJsonMediaType } from '../contract/jobs/media-types.ts'
import { parseAnswer } from './answer-json.ts'
import { classifyStatus, JobsApiError, type JobsApiErrorDetails } from './errors.ts'
import { describeProblem, readProblem } from './problem.ts'
import { type Reader, ShapeError } from './reading.ts'
import { excerpt, redact } from './request.ts'
import { parseRetryAfter } from './retry-after.ts'

/** A complete answer. */
export interface RawAnswer {
  status: number
  headers: Headers
  body: Uint8Array
}

/** As JSON; undefined when it is none. */
export function parseOrNothing(body: Uint8Array): Json | undefined {
  try {
    return parseAnswer(body)
  } catch {
    return undefined
  }
}

function redactProblem(problem: Problem, secrets: readonly string[]): Problem {
  return JSON.parse(JSON.stringify(problem), (_, value) =>
    typeof value === 'string' ? redact(value, secrets) : value,
  ) as Problem
}

/** One request, and all that may be said about what became of it. Pure, but for the clock of a `Retry-After` date. */
export class Exchange {
  readonly #method: string
  readonly #url: string
  /** Tokens used so far: kept out of every message, as an answer may echo them. */
  readonly #secrets: string[] = []

  constructor(method: string, url: string) {
    this.#method = method.toUpperCase()
    this.#url = url
  }

  keepOut(secret: string): void {
    if (!this.#secrets.includes(secret)) this.#secrets.push(secret)
  }

  fail(details: Omit<JobsApiErrorDetails, 'method' | 'url'>): JobsApiError {
    return new JobsApiError({
      ...details,
      reason: redact(details.reason, this.#secrets),
      method: this.#method,
      url: redact(this.#url, this.#secrets),
    })
  }

  notSent(code: string, reason: string): JobsApiError {
    return this.fail({ kind: 'not_sent', code, reason: `not sent: ${reason}` })
  }

  refusedBy(answer: RawAnswer): JobsApiError {
    const { status, headers, body } = answer
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), Date.now(), headers.get('date'))
    const found = readProblem(parseOrNothing(body), status)
    const problem = found === undefined ? undefined : redactProblem(found, this.#secrets)
    const redirect = status >= 300 && status < 400
    return this.fail({
      kind: classifyStatus(status),
      code: redirect ? 'redirect' : (problem?.code ?? `http_${status}`),
      reason: redirect ? this.#describeRedirect(answer) : this.#describeRefusal(answer, problem),
      status,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(problem === undefined ? {} : { problem }),
    })
  }

  #describeRedirect({ status, headers }: RawAnswer): string {
    const target = headers.get('location') ?? ''
    const place = URL.canParse(target, this.#url) ? new URL(target, this.#url) : undefined
    const to =
      place === undefined ? 'elsewhere' : `to ${excerpt(`${place.origin}${place.pathname}`, this.#secrets)}`
    return `answered ${status}, a redirect ${to}, which is not followed; give the client the address that answers itself`
  }

  #describeRefusal({ status, headers, body }: RawAnswer, problem: Problem | undefined): string {
    if (problem === undefined) {
      const text = excerpt(new TextDecoder().decode(body.subarray(0, 4096)), this.#secrets)
      return `answered ${status} (${headers.get('content-type') ?? 'no content type'})${text === '' ? '' : `: ${text}`}`
    }
    return excerpt(describeProblem({ ...problem, status }), this.#secrets, 1000)
  }

  unexpected(answer: RawAnswer, what: string, code = 'unexpected_response'): JobsApiError {
    return this.fail({
      kind: 'ambiguous',
      code,
      status: answer.status,
      reason: `answered ${answer.status}, but ${what}`,
    })
  }

  decode<T>(answer: RawAnswer, read: Reader<T>): T {
    let value: Json | undefined
    try {
      value = parseAnswer(answer.body)
    } catch {
      const text = excerpt(new TextDecoder().decode(answer.body.subarray(0, 4096)), this.#secrets, 120)
      const mediaType = answer.headers.get('content-type')
      throw this.unexpected(
        answer,
        `expected JSON, found ${mediaType ?? 'no content type'}: ${text}`,
        // What was cut or garbled on its way, where a page is what somebody meant to send.
        mediaType !== null && isJsonMediaType(mediaType) ? 'malformed_response' : 'unexpected_response',
      )
    }
    try {
      return read(value, '')
    } catch (error) {
      if (error instanceof ShapeError)
        throw this.unexpected(answer, `not as the Jobs API has it: ${error.message}`)
      throw error
    }
  }
}
