import { type Json, refusedKeys } from '../../base/json.ts'

export { hasType, sameJson } from '../plan/index.ts'

/** A value in a message, cut when long. */
export function show(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

const maxDepth = 64

/** Why a value from outside is refused whatever its type: a key that JavaScript treats specially, or too deep a nesting. */
export function unsafePart(value: Json, depth = 0): string | undefined {
  if (depth > maxDepth) return `it is nested deeper than ${maxDepth} levels`
  if (typeof value === 'number' && !Number.isFinite(value)) return `it holds ${value}`
  if (typeof value === 'string' && !value.isWellFormed()) return 'it holds half of a surrogate pair'
  if (value === null || typeof value !== 'object') return undefined
  for (const key of Object.keys(value)) {
    if (refusedKeys.has(key)) return `it has a key \`${key}\``
    const found = unsafePart((value as Record<string, Json>)[key] as Json, depth + 1)
    if (found) return found
  }
  return undefined
}
