import type { Json, JsonObject } from '../base/json.ts'
import type { Problem } from '../contract/index.ts'
import { isObject, text, textOrAbsent } from './reading.ts'

/** FastAPI and its like put a list of `{loc, msg}` under `detail`. */
function readProblemErrors(body: JsonObject): Problem['errors'] {
  const list = Array.isArray(body.errors) ? body.errors : Array.isArray(body.detail) ? body.detail : []
  const errors = list.filter(isObject).map((entry) => ({
    pointer:
      textOrAbsent(entry.pointer) ?? (Array.isArray(entry.loc) ? `/${entry.loc.map(String).join('/')}` : ''),
    detail: textOrAbsent(entry.detail) ?? text(entry.msg),
  }))
  return errors.length === 0 ? undefined : errors
}

/** The problem document of an answer (RFC 9457), or what comes near it; undefined when the body is no JSON object. */
export function readProblem(body: Json | undefined, status: number): Problem | undefined {
  if (!isObject(body)) return undefined
  const errors = readProblemErrors(body)
  const code = textOrAbsent(body.code)
  return {
    type: textOrAbsent(body.type) ?? 'about:blank',
    title: text(body.title),
    status,
    detail:
      textOrAbsent(body.detail) ?? textOrAbsent(body.message) ?? textOrAbsent(body.error) ?? text(body.title),
    code: code !== undefined && /^[A-Za-z0-9_.:-]{1,100}$/.test(code) ? code : `http_${status}`,
    ...(errors === undefined ? {} : { errors }),
  }
}
