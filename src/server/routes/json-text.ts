import { refusedKeys } from '../../base/json.ts'
import { jsonPointer } from '../../base/json-pointer.ts'
import type { ProblemDetail } from '../services/problems.ts'

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
