import { canonicalJson, type Json, refusedKeys } from '../../base/json.ts'
import type { PlanInput } from '../plan/types.ts'

/** True when a value is of an input's type. */
export function hasType(value: Json, type: PlanInput['type']): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type
    case 'number':
      return Number.isFinite(value)
    case 'integer':
      return Number.isSafeInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return value !== null && typeof value === 'object' && !Array.isArray(value)
  }
}

/** Equality of JSON values; the order of an object's keys means nothing. */
export function sameJson(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

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
