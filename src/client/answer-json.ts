import type { Json } from '../base/json.ts'
import { type JsonTextProblem, jsonTextProblems } from '../base/json-text.ts'
import { decodeUtf8 } from '../base/utf8.ts'

/** Deeper than what a server takes, since answers put it into lists of runs. */
const answerDepth = 128
/** Data of users, which the servers only pass on: what is wrong within concerns nothing around it. */
const passedOn: ReadonlySet<string | number> = new Set(['config', 'value', 'json_schema'])

/**
 * An answer's body, as JSON; undefined when it is empty. A config or an inlined output that holds what JavaScript would
 * change (see `jsonTextProblems`) is left out, and so is any other number of the kind: one such run must not take the
 * list or the feed with it that it stands in.
 * @throws SyntaxError when it is no JSON, or says two things of one key outside of what is passed on
 */
export function parseAnswer(body: Uint8Array): Json | undefined {
  if (body.byteLength === 0) return undefined
  const decoded = decodeUtf8(body)
  if ('badByte' in decoded) throw new SyntaxError(`not UTF-8 at byte offset ${decoded.badByte}`)
  const problems = jsonTextProblems(decoded.text, answerDepth, Number.POSITIVE_INFINITY)
  if (problems.some((problem) => problem.kind === 'malformed')) throw new SyntaxError('no JSON')
  const value = JSON.parse(decoded.text) as Json
  for (const problem of problems) if (!isNumberedId(problem)) leaveOut(value, placeOf(problem))
  return value
}

const ids: ReadonlySet<string | number | undefined> = new Set(['uuid', 'job_id'])

/** A number as an id is refused by who reads it, in words that say so. */
function isNumberedId({ kind, path }: JsonTextProblem): boolean {
  return kind === 'inexact_number' && ids.has(path.at(-1)) && !path.some((part) => passedOn.has(part))
}

function placeOf({ kind, path }: JsonTextProblem): (string | number)[] {
  const within = path.findIndex((part) => passedOn.has(part))
  if (within >= 0) return path.slice(0, within + 1)
  if (kind === 'duplicate_key') throw new SyntaxError(`the key ${path.join('/')} stands twice`)
  return kind === 'too_deep' ? path.slice(0, answerDepth / 2) : path
}

function leaveOut(root: Json, path: readonly (string | number)[]): void {
  const key = path.at(-1)
  let holder: Json | undefined = root
  for (const part of path.slice(0, -1)) holder = own(holder, part)
  if (key === undefined || holder === null || typeof holder !== 'object') return
  if (Array.isArray(holder)) holder[Number(key)] = null
  else delete holder[key]
}

function own(holder: Json | undefined, part: string | number): Json | undefined {
  if (holder === null || typeof holder !== 'object') return undefined
  if (Array.isArray(holder)) return holder[Number(part)]
  return Object.hasOwn(holder, part) ? holder[part] : undefined
}
