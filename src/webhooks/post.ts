import { lookup } from 'node:dns/promises'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { JobwrightError } from '../base/errors.ts'
import { parseRetryAfter } from '../client/retry-after.ts'
import { type AllowedTargets, addressProblem, privateReceiver, readTarget, type Target } from './targets.ts'

/** Of an answer no more is read, and nothing of it is used. */
const mostAnswerBytes = 64 * 1024

export interface WebhookRequest {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  allowed: AllowedTargets
  /** For all of it: DNS, connecting, and the answer. */
  timeoutMs: number
  signal?: AbortSignal
  /** @default as the machine does it */
  resolve?: (hostname: string) => Promise<readonly Address[]>
}

export interface WebhookAnswer {
  status: number
  /** What the receiver asked for. */
  retryAfterMs?: number
}

interface Address {
  address: string
  family: number
}

/**
 * Sends a webhook. The name is resolved once, each address looked at, and one of those is connected to; no redirect is followed, and no
 * proxy is asked. Nothing of the URL is in an error: it may be a secret.
 * @throws JobwrightError `bad_webhook_url`, `private_receiver` (refused); `receiver_unreachable`, `receiver_timeout` (unreachable)
 */
export async function postWebhook(request: WebhookRequest): Promise<WebhookAnswer> {
  const read = readTarget(request.url)
  if ('problem' in read) throw refused(read.problem.code, `the URL ${read.problem.message}`, read.problem.fix)
  const limit = AbortSignal.timeout(request.timeoutMs)
  const signal = request.signal ? AbortSignal.any([limit, request.signal]) : limit
  try {
    const addresses = await checkedAddresses(request, read.target, signal)
    return await exchange(request, read.url, addresses, signal)
  } catch (error) {
    if (error instanceof JobwrightError) throw error
    request.signal?.throwIfAborted()
    if (limit.aborted)
      throw unreachable('receiver_timeout', `the receiver did not answer within ${request.timeoutMs} ms`)
    throw unreachable('receiver_unreachable', `the receiver cannot be reached: ${codeOf(error)}`)
  }
}

/** Those addresses of the name that may be connected to: whichever is taken then, it was looked at. */
async function checkedAddresses(
  { allowed, resolve = resolveByMachine }: WebhookRequest,
  target: Target,
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const { hostname } = target
  const family = isIP(hostname)
  const found = family === 0 ? await within(resolve(hostname), signal) : [{ address: hostname, family }]
  if (allowed.allowsName(target)) return found
  const problems = found.map(({ address }) => addressProblem(address, target, allowed))
  const [kind] = problems
  if (kind === undefined || problems.includes(undefined))
    return found.filter((_, index) => problems[index] === undefined)
  const { code, message, fix } = privateReceiver(kind)
  throw refused(code, `the webhook ${message}`, fix)
}

/** DNS cannot be called off. */
function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, over])
}

const resolveByMachine = (hostname: string) => lookup(hostname, { all: true })

function exchange(
  { headers, body }: WebhookRequest,
  url: URL,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<WebhookAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WebhookAnswer>()
  const request = (url.protocol === 'https:' ? https : http).request(
    url,
    {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // Its own connection: one that is kept may be to an address that was looked at for somebody else.
      agent: false,
      lookup: pinned(addresses),
      signal,
    },
    (answer) => {
      drain(answer)
      resolve(answerOf(answer))
    },
  )
  request.on('error', reject)
  request.end(body)
  return promise
}

/** Host, and the name that a certificate has to be of, stay those of the URL. */
function pinned(addresses: readonly Address[]): LookupFunction {
  return (_hostname, options, done) => {
    if (options.all) return done(null, [...addresses])
    const [{ address, family } = { address: '', family: 0 }] = addresses
    return done(null, address, family)
  }
}

/** The status says it all; what follows is let in, so that the receiver sees no broken connection, but not for long. */
function drain(answer: IncomingMessage): void {
  let bytes = 0
  answer.on('error', () => undefined)
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostAnswerBytes) answer.destroy()
  })
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): WebhookAnswer {
  const retryAfterMs = parseRetryAfter(headers['retry-after'] ?? null, Date.now(), headers.date ?? null)
  return { status: statusCode, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

/** Of errors of the network the code alone: messages repeat names and addresses. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string' && /^[A-Z0-9_]+$/.test(code)) return code
  const inner = (error as { errors?: unknown } | null)?.errors
  return Array.isArray(inner) && inner.length > 0 ? codeOf(inner[0]) : 'no connection'
}

function refused(code: string, message: string, fix: string): JobwrightError {
  return new JobwrightError({ code, fault: 'refused', message, fix })
}

function unreachable(code: string, message: string): JobwrightError {
  return new JobwrightError({ code, fault: 'unreachable', message })
}
