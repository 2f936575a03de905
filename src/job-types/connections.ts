import { durationRange, parseDurationMs } from '../base/duration.ts'

/** A Jobs API that pipelines can run on, ours or anybody's. */
export interface ConnectionOptions {
  /** With its path: `https://jobs.example.com/api/v1`. */
  url: string
  /** A function is asked anew for each request, so that a rotated token works; and once more after a 401. */
  token: string | (() => string | Promise<string>)
  /** Sent with every request. */
  headers?: Record<string, string>
  /**
   * What you vouch for of a server without idempotency keys: within `delivery` a request that left has been done or never
   * will be, and `listing` later every list shows it. Then a trigger whose answer was lost is sent again by itself;
   * without them a person decides.
   */
  bounds?: { delivery: string; listing: string }
  /**
   * How many requests a second each worker may spend on waiting there, for all that waits together.
   * @default 5
   */
  requestsPerSecond?: number
  /**
   * Whether a job that was made for one run is deleted once that completed; on servers without idempotency keys.
   * @default never
   */
  deleteJobs?: 'never' | 'after_completion'
}

/** Jobs APIs that pipelines name in `connection`. */
export type Connections = Readonly<Record<string, ConnectionOptions>>

/** The same, as programs use it. */
export interface ConnectionSettings {
  url: string
  token: ConnectionOptions['token']
  headers: Record<string, string>
  bounds: { deliveryMs: number; listingMs: number } | undefined
  requestsPerSecond: number
  deleteJobs: 'never' | 'after_completion'
}

export const defaultRequestsPerSecond = 5
const deletions: readonly unknown[] = ['never', 'after_completion']

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function milliseconds(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? parseDurationMs(value) : undefined
  return ms !== undefined && ms <= durationRange.maxMs ? ms : undefined
}

/** Credentials belong into the token. */
function isUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !/^https?:\/\//.test(value) || !URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username === '' && password === ''
}

function areHeaders(value: unknown): boolean {
  if (!isRecord(value) || !Object.values(value).every((header) => typeof header === 'string')) return false
  try {
    new Headers(value as Record<string, string>)
    return true
  } catch {
    return false
  }
}

function areBounds(value: unknown): boolean {
  if (!isRecord(value) || Object.keys(value).length !== 2) return false
  const { delivery, listing } = value
  // No request is done at the moment at which it leaves.
  return (milliseconds(delivery) ?? 0) > 0 && milliseconds(listing) !== undefined
}

/** What is wrong with a connection, as `field: found and expected`; never a value that may be secret. */
export function connectionProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return "is no object; expected { url: 'https://…/api/v1', token: text or function }"
  const { url, token, headers, bounds, requestsPerSecond, deleteJobs } = value
  if ('baseUrl' in value) return 'has a `baseUrl`; its name is `url`'
  if (!isUrl(url)) return "has no usable `url`; expected text such as 'https://jobs.example.com/api/v1'"
  // An empty one may be that of an environment without secrets, where files are only checked.
  if (!(typeof token === 'function' || (typeof token === 'string' && /^[\x21-\x7e]*$/.test(token))))
    return 'has no usable `token`; expected text without white space, or a function that returns it'
  if (headers !== undefined && !areHeaders(headers))
    return 'has unusable `headers`; expected { name: text }, of characters that headers can carry'
  if (bounds !== undefined && !areBounds(bounds))
    return "has unusable `bounds`; expected both of { delivery: '30s', listing: '10s' }, the first above 0, and nothing else"
  if (
    requestsPerSecond !== undefined &&
    !(typeof requestsPerSecond === 'number' && requestsPerSecond > 0 && requestsPerSecond <= 1_000)
  )
    return 'has unusable `requestsPerSecond`; expected a number above 0, at most 1000'
  if (deleteJobs !== undefined && !deletions.includes(deleteJobs))
    return "has unusable `deleteJobs`; expected 'never' or 'after_completion'"
  const known = ['url', 'token', 'headers', 'bounds', 'requestsPerSecond', 'deleteJobs']
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  return unknown === undefined
    ? undefined
    : `has the unknown field \`${unknown}\`; known are ${known.join(', ')}`
}

/** Fills in the defaults. @param options one without a `connectionProblem` */
export function connectionSettings(options: ConnectionOptions): ConnectionSettings {
  const { url, token, headers = {}, bounds, requestsPerSecond, deleteJobs = 'never' } = options
  return {
    url,
    token,
    headers,
    bounds: bounds && {
      deliveryMs: milliseconds(bounds.delivery) ?? 0,
      listingMs: milliseconds(bounds.listing) ?? 0,
    },
    requestsPerSecond: requestsPerSecond ?? defaultRequestsPerSecond,
    deleteJobs,
  }
}
