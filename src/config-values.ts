import { durationRange, parseDurationMs } from './base/duration.ts'
import { JobwrightError } from './base/errors.ts'

/** Values of variables that have a form of their own, and what is said when they do not have it. */

/** A variable whose value the program cannot use: which, what is wrong, what would be right. */
export function badVariable(message: string, fix?: string): JobwrightError {
  return new JobwrightError({ code: 'bad_environment', fault: 'usage', message, fix })
}

export interface BootstrapToken {
  workspace: string
  email: string
  token: string
}

/** `workspace/email=token,…` Never repeats a token in an error. A short one is refused. */
export function parseTokens(text: string | undefined): BootstrapToken[] {
  if (text === undefined) return []
  return text.split(',').map((entry, index) => {
    const match = /^\s*([^/=\s]+)\/([^=\s]+)=(\S+)\s*$/.exec(entry)
    if (!match)
      throw badVariable(`JOBWRIGHT_TOKENS: entry ${index + 1} is not of the form workspace/email=token`)
    const [, workspace = '', email = '', token = ''] = match
    requireLongToken(`JOBWRIGHT_TOKENS: the token of entry ${index + 1}, ${workspace}/${email},`, token)
    return { workspace, email, token }
  })
}

/** 128 random bits in Base64; a server that takes less can be guessed at. */
const tokenCharacters = 22

function requireLongToken(which: string, token: string): void {
  if (token.length >= tokenCharacters) return
  throw badVariable(
    `${which} has ${token.length} characters; expected at least ${tokenCharacters}, of 128 random bits`,
    'make one, with `openssl rand -hex 24` for instance',
  )
}

export function parseWorkerToken(token: string | undefined): string | undefined {
  if (token !== undefined) requireLongToken('JOBWRIGHT_WORKER_TOKEN', token)
  return token
}

/** A URL without credentials in it; an error never repeats them. */
export function parseUrl(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw badVariable(`${name}: not a URL; expected something like http://127.0.0.1:8300/api/v1`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw badVariable(`${name}: the scheme is ${url.protocol.slice(0, -1)}; expected http or https`)
  if (url.username !== '' || url.password !== '')
    throw badVariable(
      `${name}: holds credentials (redacted: ${url.protocol}//***@${url.host}${url.pathname})`,
      'put the token in JOBS_API_TOKEN or JOBWRIGHT_WORKER_TOKEN',
    )
  return url.href.replace(/\/$/, '')
}

/** `name: value` lines, or several divided by commas; an error never repeats a value. */
export function parseHeaders(name: string, text: string | undefined): Record<string, string> {
  const entries = (text ?? '').split(/[\n,]/).filter((line) => line.trim() !== '')
  return Object.fromEntries(
    entries.map((entry, index) => {
      const [, header, value] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*?)\s*$/.exec(entry) ?? []
      if (header === undefined || value === undefined)
        throw badVariable(`${name}: entry ${index + 1} is not of the form name: value`)
      return [header, value]
    }),
  )
}

/** What the operator vouches for of a server without idempotency keys; both or none. */
export function parseBounds(delivery: string | undefined, listing: string | undefined) {
  if (delivery === undefined && listing === undefined) return undefined
  const [deliveryMs, listingMs] = [delivery, listing].map((text) =>
    text === undefined ? undefined : parseDurationMs(text),
  )
  const { maxMs } = durationRange
  if (!deliveryMs || listingMs === undefined || deliveryMs > maxMs || listingMs > maxMs)
    throw badVariable(
      `JOBS_API_DELIVERY and JOBS_API_LISTING: found ${delivery ?? 'nothing'} and ${listing ?? 'nothing'}, expected two durations, the first above 0, such as 30s and 10s`,
    )
  return { deliveryMs, listingMs }
}

/** `host` or `host:port`; an error never repeats what may hold credentials. */
export function parseAddress(name: string, text: string | undefined): string | undefined {
  if (text === undefined || /^(\[[0-9a-f:]+\]|[^\s:/@]+)(:\d{1,5})?$/i.test(text)) return text
  throw badVariable(`${name}: expected host or host:port, such as 127.0.0.1:7233`)
}
