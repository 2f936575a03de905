import { refusedKeys } from '../../base/json.ts'
import { jsonPointer } from '../../base/json-pointer.ts'
import type { ProblemDetail } from '../services/problems.ts'

/** How deeply arrays and objects nest in a JSON text, without building it. Of malformed text: a bound on it. */
export function nestingDepth(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (inString) {
      if (character === 0x5c) at++
      else if (character === 0x22) inString = false
    } else if (character === 0x22) inString = true
    else if (character === 0x5b || character === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (character === 0x5d || character === 0x7d) depth--
  }
  return deepest
}

const tokenPattern =
  /[ \t\n\r]*(?:([{}[\]:,])|("[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y

/**
 * Where a text stops being JSON, as an offset in characters; its length when it ends too early. A string that is
 * not closed or holds what no string may is wrong from its quote on.
 */
export function jsonErrorOffset(text: string): number {
  const token = new RegExp(tokenPattern)
  let expected: Expected = 'value'
  // The brackets that are open.
  const within: ('{' | '[')[] = []
  for (;;) {
    const start = token.lastIndex
    const match = token.exec(text)
    const next: Expected | undefined = match
      ? step(expected, match[1], match[2] !== undefined, within)
      : undefined
    if (next === undefined) return skipSpace(text, start)
    expected = next
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at++
  return at
}

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end'

function step(
  expected: Expected,
  punctuation: string | undefined,
  isString: boolean,
  within: ('{' | '[')[],
): Expected | undefined {
  if (punctuation === undefined) {
    if (expected === 'key' || expected === 'key or }') return isString ? ':' : undefined
    return expected === 'value' || expected === 'value or ]' ? ', or end' : undefined
  }
  switch (punctuation) {
    case '{':
    case '[':
      if (expected !== 'value' && expected !== 'value or ]') return undefined
      within.push(punctuation)
      return punctuation === '{' ? 'key or }' : 'value or ]'
    case '}':
      if (!(expected === 'key or }' || (expected === ', or end' && within.at(-1) === '{'))) return undefined
      within.pop()
      return ', or end'
    case ']':
      if (!(expected === 'value or ]' || (expected === ', or end' && within.at(-1) === '['))) return undefined
      within.pop()
      return ', or end'
    case ':':
      return expected === ':' ? 'value' : undefined
    default:
      if (expected !== ', or end' || within.length === 0) return undefined
      return within.at(-1) === '{' ? 'key' : 'value'
  }
}

/** What no text of the API may hold: PostgreSQL keeps no NUL, and lone surrogates are no characters. */
export function textProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'holds a NUL character (\\u0000), which cannot be stored'
  if (!text.isWellFormed()) return 'holds half of a surrogate pair, which is not a character'
  return undefined
}

/** Everything in a parsed body that is refused wherever it stands: keys that reach prototypes, and what cannot be stored. */
export function refusedContent(value: unknown): ProblemDetail[] {
  const problems: ProblemDetail[] = []
  // One path for all, since a large body has very many.
  const path: PropertyKey[] = []
  const refuse = (detail: string) => problems.push({ pointer: jsonPointer(path), detail })
  const visit = (key: PropertyKey, inner: unknown): void => {
    path.push(key)
    visitValue(inner)
    path.pop()
  }
  const visitKey = (key: string, inner: unknown): void => {
    const problem = refusedKeys.has(key) ? 'is a key that is never taken' : textProblem(key)
    if (problem === undefined) visit(key, inner)
    else {
      path.push(key.toWellFormed().replaceAll('\0', '\ufffd'))
      refuse(problem)
      path.pop()
    }
  }
  const visitValue = (part: unknown): void => {
    if (typeof part === 'string') {
      const problem = textProblem(part)
      if (problem) refuse(problem)
    } else if (typeof part === 'number') {
      if (!Number.isFinite(part)) refuse('is a number beyond what can be stored')
    } else if (Array.isArray(part)) for (const [index, item] of part.entries()) visit(index, item)
    else if (part !== null && typeof part === 'object')
      for (const [key, inner] of Object.entries(part)) visitKey(key, inner)
  }
  visitValue(value)
  return problems
}
