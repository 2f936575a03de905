import { JobwrightError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'

/** Pieces that the readers of answers are made of. */

/** An answer that is valid JSON, but not what was asked for. */
export class ShapeError extends JobwrightError {
  override readonly name = 'ShapeError'
  constructor(message: string) {
    super({ code: 'unexpected_response', fault: 'unreachable', message })
  }
}

/** Reads a JSON value; `pointer` is where it was found. Throws ShapeError. */
export type Reader<T> = (value: Json | undefined, pointer: string) => T

function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

export function refuse(pointer: string, expected: string, value: Json | undefined): never {
  throw new ShapeError(
    `at ${pointer === '' ? 'the top' : pointer}: expected ${expected}, found ${kindOf(value)}`,
  )
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function readObject(value: Json | undefined, pointer: string): JsonObject {
  return isObject(value) ? value : refuse(pointer, 'an object', value)
}

/** An id must be text: JSON numbers lose digits beyond 2^53, and then name another thing. */
export function readId(object: JsonObject, key: string, pointer: string): string {
  const value = object[key]
  return typeof value === 'string' && value !== ''
    ? value
    : refuse(`${pointer}/${key}`, 'an id, as a string', value)
}

export function readText(object: JsonObject, key: string, pointer: string): string {
  const value = object[key]
  return typeof value === 'string' ? value : refuse(`${pointer}/${key}`, 'a string', value)
}

export function readNumber(object: JsonObject, key: string, pointer: string): number {
  const value = object[key]
  return typeof value === 'number' ? value : refuse(`${pointer}/${key}`, 'a number', value)
}

export function readOneOf<T extends string>(
  all: readonly T[],
  object: JsonObject,
  key: string,
  pointer: string,
): T {
  const value = object[key]
  return all.find((one) => one === value) ?? refuse(`${pointer}/${key}`, `one of ${all.join(', ')}`, value)
}

/** Not there, one way or the other. */
export const isAbsent = (value: Json | undefined): value is null | undefined =>
  value === undefined || value === null
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
export const textOrNull = (value: Json | undefined): string | null =>
  typeof value === 'string' ? value : null
export const textOrAbsent = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined
export const numberOrAbsent = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined
export const isTrue = (value: Json | undefined): boolean => value === true
export const objectOrEmpty = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

interface ContractSchema<T> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: PropertyKey[]; message: string }[] } }
}

/** A reader from a contract schema, for what only our own servers answer. Unknown fields are dropped. */
export function readBy<T>(schema: ContractSchema<T>): Reader<T> {
  return (value, pointer) => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    throw new ShapeError(
      `at ${pointer}/${issue?.path.map(String).join('/') ?? ''}: ${issue?.message ?? 'not as expected'}`,
    )
  }
}

/** Of what only our own server answers: what tells that it is one is checked, the rest is as its contract says. */
export function having<T>(...names: string[]): Reader<T> {
  return (value, pointer) => {
    const object = readObject(value, pointer)
    for (const name of names) readText(object, name, pointer)
    return object as T
  }
}
