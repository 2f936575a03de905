import { expressionOf } from './expression.ts'
import { stepOf } from './step-record.ts'

/** What a program may write where data is meant. */
export type Kind =
  | 'expression'
  | 'step'
  | 'text'
  | 'number'
  | 'boolean'
  | 'null'
  | 'list'
  | 'map'
  | 'undefined'

export interface NoData {
  /** `a Date`, `a function`, … */
  what: string
  fix: string
}

/** What a value is; or what it is that no JSON can carry. */
export function kindOf(value: unknown): Kind | NoData {
  switch (typeof value) {
    case 'string':
      return 'text'
    case 'boolean':
      return 'boolean'
    case 'undefined':
      return 'undefined'
    case 'number':
      return Number.isFinite(value) ? 'number' : { what: String(value), fix: 'give a finite number, or null' }
    case 'bigint':
      return { what: 'a BigInt', fix: 'give String(value), or a number' }
    case 'symbol':
      return { what: 'a symbol', fix: 'give text' }
    case 'function':
      return {
        what: `the function ${value.name || 'without a name'}`,
        fix: 'give its result; no code runs in a pipeline run',
      }
    default:
      return value === null ? 'null' : kindOfObject(value as object)
  }
}

function kindOfObject(value: object): Kind | NoData {
  if (expressionOf(value)) return 'expression'
  if (stepOf(value)) return 'step'
  if (Array.isArray(value)) return 'list'
  const prototype = Object.getPrototypeOf(value) as object | null
  // Of whichever realm.
  if (!prototype || !Object.getPrototypeOf(prototype)) return 'map'
  if (value instanceof Date) return { what: 'a Date', fix: 'give value.toISOString()' }
  if (value instanceof Promise) return { what: 'a promise', fix: 'await it before the pipeline is defined' }
  if (value instanceof Map || value instanceof Set)
    return {
      what: `a ${value.constructor.name}`,
      fix: 'give an object or a list: Object.fromEntries(map), [...set]',
    }
  const name = (prototype as { constructor?: { name?: string } }).constructor?.name
  return {
    what: `an instance of the class ${name || 'without a name'}`,
    fix: 'give a plain object: { ...value }',
  }
}
