import { causesOf, codeOf } from '../base/causes.ts'
import { type Fault, JobwrightError } from '../base/errors.ts'
import type { Problem } from '../contract/index.ts'

/**
 * What is known about a request that failed, and so what its caller may do:
 * - `not_sent`: the server cannot have seen it (DNS, connection refused, TLS handshake, refused by this client). Send it again freely.
 *   `too_late` among them: `sendBefore` had passed, and its caller decides anew.
 * - `rejected`: the server refused it for good (4xx other than 408, 409, 425 and 429). Sending it again changes nothing.
 * - `ambiguous`: everything else. It may have been done, be under way, or never have arrived.
 *
 * A caller that knows more looks at `status` and `code`: a 429, and a 503 of our server that says `overloaded`, was not processed and may
 * be sent again after `retryAfterMs`; a 409 names its reason (`key_barred`, …).
 */
export type JobsApiErrorKind = 'not_sent' | 'rejected' | 'ambiguous'

export interface JobsApiErrorDetails {
  kind: JobsApiErrorKind
  code: string
  /** What happened; the method and the address are put before it. */
  reason: string
  method: string
  /** Without query and credentials. */
  url: string
  status?: number
  retryAfterMs?: number
  problem?: Problem
}

/**
 * A request to a Jobs API that did not give a usable answer.
 *
 * `code` is the server's own (`unknown_job`, `key_barred`, …) when its problem document has one, else `http_404` and
 * the like; or of this client: `connection_refused`, `dns_failed`, `host_unreachable`, `connect_timeout`, `tls_failed`, `bad_port`,
 * `bad_request`, `bad_path_parameter`, `bad_token`, `token_unavailable`, `too_late`, `timeout`, `aborted`, `connection_lost`,
 * `redirect`, `unexpected_response`, `malformed_response` (said to be JSON, and is none), `response_too_large`.
 *
 * It carries no `cause`: those of `fetch` hold the request, and with it the token.
 */
export class JobsApiError extends JobwrightError {
  override readonly name = 'JobsApiError'
  readonly kind: JobsApiErrorKind
  readonly method: string
  readonly url: string
  readonly status?: number
  readonly retryAfterMs?: number
  readonly problem?: Problem

  constructor(details: JobsApiErrorDetails) {
    const message = `${details.method} ${details.url}: ${details.reason}`
    super({ code: details.code, fault: faultOf(details), message })
    this.kind = details.kind
    this.method = details.method
    this.url = details.url
    if (details.status !== undefined) this.status = details.status
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    if (details.problem !== undefined) this.problem = details.problem
  }
}

/** Refused by this client, for what it was given. */
const unusable: readonly string[] = ['bad_request', 'bad_path_parameter', 'bad_token', 'token_unavailable']

function faultOf({ kind, code, status }: JobsApiErrorDetails): Fault {
  if (kind === 'not_sent' && unusable.includes(code)) return 'usage'
  return kind === 'rejected' || status === 409 ? 'refused' : 'unreachable'
}

const undecided: readonly number[] = [408, 409, 425, 429]

/** The kind of an answer that is not 2xx. */
export function classifyStatus(status: number): 'rejected' | 'ambiguous' {
  return status >= 400 && status < 500 && !undecided.includes(status) ? 'rejected' : 'ambiguous'
}

export interface FetchFailure {
  kind: 'not_sent' | 'ambiguous'
  code: string
  reason: string
}

/** Raised while the connection was made, so that not one byte of the request can have been read. */
const unsentCodes: Record<string, string> = {
  ENOTFOUND: 'dns_failed',
  EAI_AGAIN: 'dns_failed',
  EAI_FAIL: 'dns_failed',
  EAI_NODATA: 'dns_failed',
  EAI_NONAME: 'dns_failed',
  ECONNREFUSED: 'connection_refused',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_failed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_failed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_failed',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_failed',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_failed',
  CERT_HAS_EXPIRED: 'tls_failed',
  CERT_NOT_YET_VALID: 'tls_failed',
  CERT_REVOKED: 'tls_failed',
  CERT_UNTRUSTED: 'tls_failed',
  CERT_SIGNATURE_FAILURE: 'tls_failed',
  INVALID_CA: 'tls_failed',
  INVALID_PURPOSE: 'tls_failed',
  HOSTNAME_MISMATCH: 'tls_failed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_failed',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'tls_failed',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls_failed',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'tls_failed',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'tls_failed',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'tls_failed',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'tls_failed',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'tls_failed',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'tls_failed',
}
/** These may also hit an established connection; only `connect` proves that nothing was sent. */
const unsentWhileConnecting: readonly string[] = [
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
  'EADDRNOTAVAIL',
  'ENETDOWN',
  'EHOSTDOWN',
]
/** What zlib and its like say of what they cannot undo. */
const decoderCodes = /^(Z_|ERR__ERROR_|ERR_BROTLI_|ERR_ZSTD_|ZSTD_)/
const handshakeCutShort = 'before secure TLS connection was established'

function textField(value: object, key: string): string | undefined {
  const field = (value as Record<string, unknown>)[key]
  return typeof field === 'string' ? field : undefined
}

function unsentCode(error: object): string | undefined {
  const code = codeOf(error)
  const known = code === undefined ? undefined : unsentCodes[code]
  if (known !== undefined) return known
  const message = textField(error, 'message')
  if (message?.includes(handshakeCutShort)) return 'tls_failed'
  // Ports that the Fetch standard blocks, such as 6000.
  if (message === 'bad port') return 'bad_port'
  if (code !== undefined && unsentWhileConnecting.includes(code) && textField(error, 'syscall') === 'connect')
    return 'host_unreachable'
  return undefined
}

/** Whether an error of `fetch` proves that nothing was sent. Several addresses tried: only if each of them does. */
export function classifyFetchFailure(error: unknown): FetchFailure {
  const chain = causesOf(error).filter((one) => typeof one === 'object' && one !== null)
  const root = chain.at(-1)
  const detail =
    root === undefined ? 'unknown error' : (codeOf(root) ?? textField(root, 'message') ?? 'unknown error')
  for (const link of chain) {
    const tried = (link as { errors?: unknown }).errors
    if (Array.isArray(tried) && tried.length > 0) {
      const failures = tried.map(classifyFetchFailure)
      const sent = failures.find((failure) => failure.kind === 'ambiguous')
      return sent ?? (failures[0] as FetchFailure)
    }
    const code = unsentCode(link)
    if (code !== undefined)
      return { kind: 'not_sent', code, reason: `could not connect (${codeOf(link) ?? code})` }
  }
  if (chain.some((link) => decoderCodes.test(codeOf(link) ?? '')))
    return {
      kind: 'ambiguous',
      code: 'malformed_response',
      reason: `the answer is not encoded as its Content-Encoding says, or is cut (${detail})`,
    }
  return {
    kind: 'ambiguous',
    code: 'connection_lost',
    reason: `the connection was lost before the answer was complete (${detail})`,
  }
}
