import { type Json, setOwn } from '../base/json.ts'
import { ExpressionError } from './errors.ts'

/**
 * JSON as CEL sees it: whole numbers that a double holds exactly are ints (BigInt), other numbers doubles,
 * objects are Maps, so that nothing but own properties can ever be reached. `count` is told of every value, and of long text by its length.
 */
export function toCel(value: Json, count: (steps: number) => void): unknown {
  count(typeof value === 'string' ? 1 + (value.length >> 6) : 1)
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map((item) => toCel(item, count))
  if (value !== null && typeof value === 'object') {
    const map = new Map<string, unknown>()
    for (const key of Object.keys(value)) map.set(key, toCel(value[key] as Json, count))
    return map
  }
  return value
}

const maxResultDepth = 64

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return 'bytes'
  const tag = Object.prototype.toString.call(value)
  if (tag.includes('Type<')) return 'a type'
  return tag.includes('Duration') ? 'a duration' : typeof value
}

function numberToJson(value: number): number {
  if (!Number.isFinite(value)) {
    throw new ExpressionError(
      'expression_result',
      `the result is ${value}, which JSON cannot carry; check for a division by zero`,
    )
  }
  return value === 0 ? 0 : value
}

function bigintToJson(value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) {
    throw new ExpressionError(
      'expression_result',
      `the result ${value} is beyond the whole numbers that JSON carries exactly (±2^53); use string(…) or double(…)`,
    )
  }
  return number
}

function entryKey(key: unknown): string {
  if (typeof key === 'string') return key
  if (typeof key === 'bigint' || typeof key === 'boolean' || typeof key === 'number') return String(key)
  throw new ExpressionError(
    'expression_result',
    `a map key is ${describe(key)}; JSON keys are strings, use string(…)`,
  )
}

/**
 * A CEL result as JSON. `spend` is told of every value, since a small expression can name a large one many times.
 * Throws ExpressionError `expression_result` for what JSON has no form for.
 */
export function fromCel(value: unknown, spend: (steps: number) => void, depth = 0): Json {
  if (depth > maxResultDepth)
    throw new ExpressionError(
      'expression_result',
      `the result is nested deeper than ${maxResultDepth} levels`,
    )
  spend(1)
  switch (typeof value) {
    case 'string':
      spend(value.length >> 6)
      return value
    case 'boolean':
      return value
    case 'number':
      return numberToJson(value)
    case 'bigint':
      return bigintToJson(value)
    default:
  }
  if (value === null) return null
  if (Array.isArray(value)) return value.map((item) => fromCel(item, spend, depth + 1))
  const isPlain = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype
  if (value instanceof Map || isPlain) {
    const result: Record<string, Json> = {}
    const entries = value instanceof Map ? value.entries() : Object.entries(value as object)
    for (const [key, entry] of entries) setOwn(result, entryKey(key), fromCel(entry, spend, depth + 1))
    return result
  }
  throw new ExpressionError(
    'expression_result',
    `the result is ${describe(value)}, which JSON cannot carry; use string(…)`,
  )
}
