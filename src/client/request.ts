import { JobwrightError } from '../base/errors.ts'

/** Pure parts of a request: where it goes, and what may be said about it. */

/** A parameter that cannot be part of an address. */
function badPathParameter(message: string): JobwrightError {
  return new JobwrightError({ code: 'bad_path_parameter', fault: 'usage', message })
}

function encodeSegment(name: string, value: string): string {
  // `.` and `..` are resolved by every URL parser, percent-encoded or not: the request would go elsewhere.
  if (value === '' || value === '.' || value === '..')
    throw badPathParameter(
      `the parameter ${name} is ${JSON.stringify(value)}; expected text other than '', '.' and '..'`,
    )
  try {
    return encodeURIComponent(value)
  } catch {
    throw badPathParameter(`the parameter ${name} holds half of a surrogate pair; expected well-formed text`)
  }
}

/**
 * Fills a route's path. `{path}` keeps its slashes; every other parameter is one segment.
 * @throws JobwrightError `bad_path_parameter` for a segment that would leave the path, or a parameter that is missing
 */
export function buildPath(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (typeof value !== 'string') throw badPathParameter(`the parameter ${name} is missing; expected text`)
    if (name !== 'path') return encodeSegment(name, value)
    return value
      .split('/')
      .map((segment) => encodeSegment(name, segment))
      .join('/')
  })
}

export type QueryValue = string | number | boolean | readonly string[] | undefined

/** Query parameters, lists repeated (`statuses=a&statuses=b`); undefined ones left out. */
export function buildQuery(query: Readonly<Record<string, QueryValue>>): URLSearchParams {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) search.append(name, String(item))
  }
  return search
}

/**
 * The base URL as it is used: no trailing slash, query or fragment.
 * @throws JobwrightError `bad_base_url`, which does not repeat the URL, when it is none, or holds credentials
 */
export function normalizeBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw badBaseUrl('baseUrl: not an http or https URL', 'give something like http://127.0.0.1:8300/api/v1')
  if (url.username !== '' || url.password !== '')
    throw badBaseUrl('baseUrl: holds credentials', 'pass them as token')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function badBaseUrl(message: string, fix: string): JobwrightError {
  return new JobwrightError({ code: 'bad_base_url', fault: 'usage', message, fix })
}

const redirects: readonly number[] = [301, 302, 303, 307, 308]

/**
 * Where a redirect leads that a GET may follow: to the same scheme, host and port, which know the token already.
 * @returns undefined for any other, and for what is no redirect
 */
export function redirectTarget(
  from: string,
  { status, headers }: Pick<Response, 'status' | 'headers'>,
): string | undefined {
  const location = headers.get('location')
  if (location === null || !redirects.includes(status) || !URL.canParse(location, from)) return undefined
  const target = new URL(location, from)
  const plain = target.username === '' && target.password === ''
  return plain && target.origin === new URL(from).origin ? target.href : undefined
}

/** Whether a header of this name is likely to carry what nobody else may see. */
export function namesSecret(header: string): boolean {
  return /auth|cookie|credential|key|passw|secret|session|signature|token/i.test(header)
}

/** Text of others, fit for one line of a message: no control characters, `secrets` out of it, at most `length` characters. */
export function excerpt(text: string, secrets: readonly string[], length = 160): string {
  // Before the cut, or half of a secret could stay.
  const line = redact(text, secrets)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  return line.length > length ? `${line.slice(0, length)}…` : line
}

/** Of fewer characters, a secret would take with it what has nothing to do with it, and hardly be hidden itself. */
const shortestSecret = 4

/** Replaces every occurrence of the secrets by `***`, longest first. */
export function redact(text: string, secrets: readonly string[]): string {
  return [...secrets]
    .filter((secret) => secret.length >= shortestSecret)
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}
