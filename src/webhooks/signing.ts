import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { JobwrightError } from '../base/errors.ts'

/** Standard Webhooks: what a receiver knows a sender by. */

/** How far the clocks of both may be apart. */
const toleranceMs = 5 * 60_000

export interface SignedMessage {
  id: string
  /** Seconds since the epoch. */
  timestamp: number
  body: string
}

/** The same for each attempt of a delivery, so that a receiver knows what it had before. @param delivery what tells it from all others */
export function messageId(delivery: string): string {
  return `msg_${createHash('sha256').update(delivery).digest('hex').slice(0, 32)}`
}

/** What is wrong with the value of a secret that is to sign; it is not repeated. */
export function signingProblem(secret: string): string | undefined {
  if (secret.trim() === '') return 'is empty'
  if (!secret.startsWith(prefix)) return undefined
  return /^[A-Za-z0-9+/]{4,}={0,2}$/.test(secret.slice(prefix.length))
    ? undefined
    : 'has no base64 after whsec_'
}

const prefix = 'whsec_'

function keyOf(secret: string): Buffer {
  return secret.startsWith(prefix)
    ? Buffer.from(secret.slice(prefix.length), 'base64')
    : Buffer.from(secret, 'utf8')
}

function signature(secret: string, { id, timestamp, body }: SignedMessage): string {
  const hash = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`)
  return `v1,${hash.digest('base64')}`
}

/** The headers of a message: one signature for each secret, so that a receiver may have either while they are changed. */
export function signedHeaders(message: SignedMessage, secrets: readonly string[]): Record<string, string> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    ...(secrets.length === 0
      ? {}
      : { 'webhook-signature': secrets.map((secret) => signature(secret, message)).join(' ') }),
  }
}

/** What a receiver got. */
export interface ReceivedWebhook {
  /** As they came; names in lower case, as Node.js has them. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The text that came, before it is parsed: another spelling of the same JSON has another signature. */
  body: string
}

/**
 * Checks that a webhook was sent by who knows one of the secrets, at most five minutes ago, and gives what it says. It may come twice:
 * `id` is the same then.
 * @throws JobwrightError `bad_webhook`
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { text } from 'node:stream/consumers'
 * import { verifyWebhook } from 'jobwright'
 *
 * const server = createServer(async (request, response) => {
 *   try {
 *     const { id, type } = verifyWebhook({ headers: request.headers, body: await text(request) }, [process.env.HOOK_KEY ?? ''])
 *     console.log(id, type)
 *     response.writeHead(204).end()
 *   } catch {
 *     response.writeHead(401).end()
 *   }
 * })
 * ```
 */
export function verifyWebhook(
  { headers, body }: ReceivedWebhook,
  secrets: readonly string[],
  nowMs: number = Date.now(),
): { id: string; type: string; timestamp: string; data: unknown } {
  const header = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value : undefined
  }
  const [id, sent, signatures] = ['id', 'timestamp', 'signature'].map((name) => header(`webhook-${name}`))
  if (id === undefined || sent === undefined || signatures === undefined || !/^\d{1,12}$/.test(sent))
    throw badWebhook('it lacks one of webhook-id, webhook-timestamp, webhook-signature')
  const timestamp = Number(sent)
  if (Math.abs(nowMs - timestamp * 1000) > toleranceMs)
    throw badWebhook('its timestamp is more than five minutes from now')
  const given = signatures.split(' ').map((each) => Buffer.from(each))
  const isSigned = secrets.some((secret) => {
    if (signingProblem(secret) !== undefined) return false
    const expected = Buffer.from(signature(secret, { id, timestamp, body }))
    return given.some((each) => each.length === expected.length && timingSafeEqual(each, expected))
  })
  if (!isSigned) throw badWebhook('none of its signatures is of one of the secrets')
  return { id, ...(JSON.parse(body) as { type: string; timestamp: string; data: unknown }) }
}

function badWebhook(reason: string): JobwrightError {
  return new JobwrightError({
    code: 'bad_webhook',
    fault: 'refused',
    message: `this is no webhook of ours: ${reason}`,
  })
}
