import type { Json, JsonObject } from '../base/json.ts'
import type { Problem } from '../contract/index.ts'
import { isObject, text, textOrAbsent } from './reading.ts'

const codeForm = /^[A-Za-z0-9_.:-]{1,100}$/

/** The first of these fields that is text, or a list of texts. */
function said(body: JsonObject, ...fields: string[]): string | undefined {
  for (const field of fields) {
    const value = body[field]
    if (typeof value === 'string') return value
    if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string'))
      return value.join('; ')
  }
  return undefined
}

function codeIn(body: JsonObject): string | undefined {
  const code = said(body, 'code', 'error_code')
  return code !== undefined && codeForm.test(code) ? code : undefined
}

/** What an object within an answer says, where that is not in the answer itself: `{"detail": {…}}`, `{"error": {…}}`. */
function nested(body: JsonObject): JsonObject | undefined {
  return [body.detail, body.error].find(isObject)
}

/** FastAPI and its like put a list of `{loc, msg, type}` under `detail`. */
function readProblemErrors(body: JsonObject): Problem['errors'] {
  const list = [body.errors, body.detail].find((value) => Array.isArray(value)) ?? []
  const errors = list.filter(isObject).map((entry) => ({
    pointer:
      textOrAbsent(entry.pointer) ?? (Array.isArray(entry.loc) ? `/${entry.loc.map(String).join('/')}` : ''),
    detail: said(entry, 'detail', 'msg', 'message') ?? '',
  }))
  return errors.length === 0 ? undefined : errors
}

/** The `type` that FastAPI gives what is wrong, when that is one thing only. */
function typeOfOnly(body: JsonObject): string | undefined {
  const [only, ...others] = Array.isArray(body.detail) ? body.detail : []
  if (!isObject(only) || others.length > 0) return undefined
  const type = text(only.type)
  return codeForm.test(type) ? type : undefined
}

/**
 * The problem document of an answer (RFC 9457), or what comes near it; undefined when the body is no JSON object. Servers put
 * what they say under `detail`, `message` or `error`, as text, as an object of its own or as a list.
 */
export function readProblem(body: Json | undefined, status: number): Problem | undefined {
  if (!isObject(body)) return undefined
  const inner = nested(body)
  const errors = readProblemErrors(body) ?? (inner && readProblemErrors(inner))
  return {
    type: textOrAbsent(body.type) ?? 'about:blank',
    title: text(body.title),
    status,
    detail:
      said(body, 'detail', 'message', 'error') ??
      (inner && (said(inner, 'message', 'msg', 'detail', 'error', 'reason') ?? JSON.stringify(inner))) ??
      text(body.title),
    code: codeIn(body) ?? (inner && codeIn(inner)) ?? typeOfOnly(body) ?? `http_${status}`,
    ...(errors === undefined ? {} : { errors }),
  }
}

/** What a server's no is told as: its code, what it says, and the first places that it names. */
export function describeProblem({
  status,
  code,
  detail,
  errors = [],
}: Pick<Problem, 'status' | 'code' | 'detail'> & {
  errors?: readonly { pointer: string; detail: string }[] | undefined
}): string {
  const places = errors
    .slice(0, 5)
    .map((error) => `${error.pointer}: ${error.detail}`)
    .filter((place) => !detail.includes(place))
  return `answered ${status} ${code}: ${[detail, ...places].filter((part) => part !== '').join('; ')}`
}
