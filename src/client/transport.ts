import { sendRequest } from '#http'
import { joinBytes } from '../base/bytes.ts'
import { JobwrightError } from '../base/errors.ts'
import { writeJsonText } from '../base/json-text.ts'
import type { RouteDescriptor } from '../contract/index.ts'
import { abortable, type Deadline, pauseWithin, startDeadline } from './deadline.ts'
import { classifyFetchFailure, JobsApiError } from './errors.ts'
import { Exchange, parseOrNothing, type RawAnswer } from './exchange.ts'
import type { Reader } from './reading.ts'
import {
  buildPath,
  buildQuery,
  namesSecret,
  normalizeBaseUrl,
  type QueryValue,
  redirectTarget,
} from './request.ts'
import { createResends, type Resends } from './resend.ts'

export interface JobsClientOptions {
  /** With its path: `http://127.0.0.1:8300/api/v1`. */
  baseUrl: string
  /** A function is asked anew for each request, so that a rotated token works; and once more after a 401. */
  token: string | (() => string | Promise<string>)
  /** Sent with every request. Values of those that are named like secrets (`X-Api-Key`, `Cookie`, …) are kept out of errors. */
  headers?: Record<string, string>
  /**
   * For a whole request, body of the answer included; a long poll gets its `wait` on top.
   * @default 10_000
   */
  timeoutMs?: number
  /**
   * An answer longer than this many bytes is refused.
   * @default 268_435_456
   */
  maxResponseBytes?: number
  /** @default globalThis.fetch */
  fetch?: typeof globalThis.fetch
}

/** Of one request. */
export interface CallOptions {
  signal?: AbortSignal | undefined
  /** Instead of the client's. */
  timeoutMs?: number | undefined
  /** Instead of the client's. */
  maxResponseBytes?: number | undefined
  /**
   * Whether what an overloaded server refused is sent again when it says.
   * @default true
   */
  resends?: boolean | undefined
  /**
   * An instant of `performance.now()`. A request that is not handed to `fetch` before it is not sent at all (`not_sent`,
   * `too_late`), so that a process that was stalled sends nothing that nobody waits for any more.
   */
  sendBefore?: number | undefined
}

export interface Call extends CallOptions {
  params?: Record<string, string>
  query?: Readonly<Record<string, QueryValue>>
  json?: unknown
  bytes?: { content: Uint8Array; mediaType: string }
  headers?: Record<string, string | undefined>
}

/** Where a request goes, below the base URL. */
export type Target = Pick<RouteDescriptor, 'method' | 'path'>

/** A 2xx. */
export interface Answer extends RawAnswer {
  /**
   * The body, as JSON; an empty one is undefined to the reader.
   * @throws JobsApiError `unexpected_response`
   */
  decode<T>(read: Reader<T>): T
  /** As `decode`; a body that is no JSON is as an empty one. */
  decodeLoosely<T>(read: Reader<T>): T
}

/** Sends the requests of one client; every failure is a JobsApiError, and none names the token. */
export interface Transport {
  /** What a request without a limit of its own may take. */
  readonly timeoutMs: number
  /** @throws JobsApiError for anything but 2xx */
  send(route: Target, call: Call): Promise<Answer>
  /** As `send`, with the answer read. */
  sendJson<T>(route: Target, call: Call, read: Reader<T>): Promise<T>
}

class TooLargeError extends Error {}
class NoJsonError extends Error {}

/** Of one GET. */
const maxRedirects = 5

interface Sent {
  method: string
  headers: Headers
  body?: string | Uint8Array<ArrayBuffer>
}

/** No server takes more; what is sent must at least be possible to write. */
const bodyDepth = 1_000

function written(value: unknown): string {
  const result = writeJsonText(value, bodyDepth)
  if ('problem' in result) throw new NoJsonError(result.problem)
  return result.text
}

async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > maxBytes) throw new TooLargeError()
    chunks.push(chunk)
  }
  return joinBytes(chunks)
}

class HttpTransport implements Transport {
  readonly #options: JobsClientOptions
  readonly #baseUrl: string
  readonly #resends: Resends = createResends()
  readonly timeoutMs: number

  constructor(options: JobsClientOptions) {
    this.#options = options
    this.timeoutMs = options.timeoutMs ?? 10_000
    this.#baseUrl = normalizeBaseUrl(options.baseUrl)
  }

  #open(route: Target, call: Call): { exchange: Exchange; path: string } {
    try {
      const path = buildPath(route.path, call.params ?? {})
      const exchange = new Exchange(route.method, `${this.#baseUrl}${path}`)
      for (const [name, value] of Object.entries(this.#options.headers ?? {}))
        if (namesSecret(name)) exchange.keepOut(value)
      return { path, exchange }
    } catch (error) {
      if (!(error instanceof JobwrightError)) throw error
      throw new Exchange(route.method, `${this.#baseUrl}${route.path}`).notSent(error.code, error.message)
    }
  }

  async #token(exchange: Exchange, signal: AbortSignal): Promise<string> {
    const { token } = this.#options
    let given: string
    try {
      given = typeof token === 'string' ? token : await abortable(Promise.resolve(token()), signal)
    } catch (error) {
      throw exchange.notSent(
        'token_unavailable',
        `the token could not be had (${error instanceof Error ? error.message : 'unknown error'})`,
      )
    }
    if (typeof given !== 'string' || !/^[\x21-\x7e]+$/.test(given))
      throw exchange.notSent(
        'bad_token',
        'the token is empty or holds white space or other characters that no header can carry',
      )
    exchange.keepOut(given)
    return given
  }

  #headers(call: Call, token: string): Headers {
    const headers = new Headers({ accept: 'application/json, */*;q=0.1', ...this.#options.headers })
    for (const [name, value] of Object.entries(call.headers ?? {}))
      if (value !== undefined) headers.set(name, value)
    if (call.bytes !== undefined) headers.set('content-type', call.bytes.mediaType)
    headers.set('authorization', `Bearer ${token}`)
    return headers
  }

  #prepare(route: Target, call: Call, exchange: Exchange, token: string): Sent {
    try {
      const headers = this.#headers(call, token)
      if (call.json !== undefined) headers.set('content-type', 'application/json')
      const sent = { method: route.method.toUpperCase(), headers }
      if (call.json !== undefined) return { ...sent, body: written(call.json) }
      return call.bytes === undefined ? sent : { ...sent, body: new Uint8Array(call.bytes.content) }
    } catch (error) {
      if (error instanceof NoJsonError) throw exchange.notSent('bad_request', `the body: ${error.message}`)
      // The error of `Headers` repeats the value, which may be a secret.
      throw exchange.notSent('bad_request', 'a header value holds characters that no header can carry')
    }
  }

  async #attempt(
    route: Target,
    call: Call,
    path: string,
    exchange: Exchange,
    token: string,
    deadline: Deadline,
  ): Promise<RawAnswer> {
    const sent = this.#prepare(route, call, exchange, token)
    const query = buildQuery(call.query ?? {}).toString()
    let url = `${this.#baseUrl}${path}${query === '' ? '' : `?${query}`}`
    // A redirected POST turns into a GET, and a redirect may carry the request elsewhere.
    const init: RequestInit = { ...sent, redirect: 'manual', signal: deadline.signal }
    let tooLate = false
    const fetch: typeof globalThis.fetch = (...request) => {
      tooLate = call.sendBefore !== undefined && performance.now() >= call.sendBefore
      if (tooLate) throw new Error('too late')
      return (this.#options.fetch ?? globalThis.fetch)(...request)
    }
    try {
      for (let hops = 0; ; hops++) {
        const response = await sendRequest(url, init, fetch)
        const next = sent.method === 'GET' && hops < maxRedirects ? redirectTarget(url, response) : undefined
        if (next === undefined) {
          const { status, headers } = response
          return { status, headers, body: await readBody(response, this.#maxBytes(call)) }
        }
        await response.body?.cancel()
        url = next
      }
    } catch (error) {
      if (tooLate) throw exchange.notSent('too_late', 'the time to send it in has passed')
      if (error instanceof TooLargeError)
        throw exchange.fail({
          kind: 'ambiguous',
          code: 'response_too_large',
          reason: 'the answer is longer than this client accepts',
        })
      if (deadline.reason() !== undefined) throw this.#interrupted(exchange, deadline, call)
      throw exchange.fail(classifyFetchFailure(error))
    }
  }

  #interrupted(exchange: Exchange, deadline: Deadline, call: Call): JobsApiError {
    const timedOut = deadline.reason() === 'timeout'
    return exchange.fail({
      kind: 'ambiguous',
      code: timedOut ? 'timeout' : 'aborted',
      reason: timedOut
        ? `no complete answer within ${this.#timeoutMs(call)} ms`
        : 'aborted by the caller before the answer was complete',
    })
  }

  #timeoutMs(call: Call): number {
    return call.timeoutMs ?? this.timeoutMs
  }

  #maxBytes(call: Call): number {
    return call.maxResponseBytes ?? this.#options.maxResponseBytes ?? 256 * 1024 * 1024
  }

  /** With the token as it is; once more with another one after a 401. */
  async #authorized(
    route: Target,
    call: Call,
    path: string,
    exchange: Exchange,
    deadline: Deadline,
  ): Promise<RawAnswer> {
    const token = await this.#token(exchange, deadline.signal)
    let answer = await this.#attempt(route, call, path, exchange, token, deadline)
    if (answer.status === 401 && typeof this.#options.token === 'function') {
      // A 401 was not processed, so this is safe for a POST too.
      const other = await this.#token(exchange, deadline.signal)
      if (other !== token) answer = await this.#attempt(route, call, path, exchange, other, deadline)
    }
    if (answer.status < 200 || answer.status > 299) throw exchange.refusedBy(answer)
    return answer
  }

  async send(route: Target, call: Call): Promise<Answer> {
    const { exchange, path } = this.#open(route, call)
    const aborted = () => exchange.notSent('aborted', 'aborted by the caller')
    if (call.signal?.aborted) throw aborted()
    const began = performance.now()
    // A long poll's own time is for its answer.
    const timeoutMs = Math.min(this.timeoutMs, this.#timeoutMs(call))
    const deadline = startDeadline(this.#timeoutMs(call), call.signal)
    try {
      for (;;) {
        try {
          const answer = await this.#authorized(route, call, path, exchange, deadline)
          this.#resends.succeeded()
          return {
            ...answer,
            decode: (read) => exchange.decode(answer, read),
            decodeLoosely: (read) => read(parseOrNothing(answer.body), ''),
          }
        } catch (error) {
          if (!(error instanceof JobsApiError) || call.resends === false) throw error
          const pauseMs = this.#resends.pauseMs(error, performance.now() - began, timeoutMs)
          if (pauseMs === undefined) throw error
          await pauseWithin(pauseMs, deadline.signal)
          if (deadline.reason() === 'aborted') throw aborted()
          if (deadline.reason() === 'timeout') throw error
        }
      }
    } finally {
      deadline.release()
    }
  }

  async sendJson<T>(route: Target, call: Call, read: Reader<T>): Promise<T> {
    return (await this.send(route, call)).decode(read)
  }
}

/** @throws JobwrightError `bad_base_url` */
export function createTransport(options: JobsClientOptions): Transport {
  return new HttpTransport(options)
}
