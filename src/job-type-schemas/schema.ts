import type { Json, JsonObject } from '../base/json.ts'
import { pointerPath } from '../base/json-pointer.ts'

/** Reading JSON Schemas (2020-12, and what earlier drafts say with other words) of servers that nobody here knows. */

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})
export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
export const textsOf = (value: Json | undefined): string[] =>
  listOf(value).filter((item) => typeof item === 'string')

/** The kinds of JSON value that a schema takes: those it names, else those that its keywords are about; undefined for any. */
export function kindsOf(schema: JsonObject): string[] | undefined {
  const { type, nullable } = schema
  const named = typeof type === 'string' ? [type] : Array.isArray(type) ? textsOf(type) : undefined
  // OpenAPI's word, which our checker of configs knows, too.
  if (named) return nullable === true && !named.includes('null') ? [...named, 'null'] : named
  if (objectKeywords.some((key) => schema[key] !== undefined)) return ['object']
  return arrayKeywords.some((key) => schema[key] !== undefined) ? ['array'] : undefined
}

const objectKeywords = [
  'properties',
  'required',
  'additionalProperties',
  'patternProperties',
  'propertyNames',
]
const arrayKeywords = ['items', 'prefixItems']

/** A `$ref` as a JSON pointer into the same schema; undefined for one that leads elsewhere, or to nothing. */
export function localTarget(
  root: Json,
  reference: Json | undefined,
): { pointer: string; schema: Json } | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
  const pointer = decoded(reference.slice(1))
  if (pointer === undefined) return undefined
  const found = pointer === '' || pointer.startsWith('/') ? at(root, pointer) : anchored(root, pointer)
  return found === undefined ? undefined : { pointer, schema: found }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function at(root: Json, pointer: string): Json | undefined {
  return pointerPath(pointer).reduce<Json | undefined>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)]
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }, root)
}

function anchored(value: Json, anchor: string): Json | undefined {
  if (value === null || typeof value !== 'object') return undefined
  if (isObject(value) && value['$anchor'] === anchor) return value
  for (const part of Object.values(value)) {
    const found = anchored(part, anchor)
    if (found !== undefined) return found
  }
  return undefined
}
