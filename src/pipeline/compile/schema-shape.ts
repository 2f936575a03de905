import type { Json, JsonObject } from '../../base/json.ts'
import { pointerPath } from '../../base/json-pointer.ts'
import {
  anyShape,
  intersection,
  noShape,
  numberShape,
  shapeOfKinds,
  shapeOfValues,
  union,
  type ValueShape,
} from '../../expressions/index.ts'

/** Schemas within schemas; what lies deeper is not looked at. A schema may contain itself. */
const maxDepth = 8
/** A reference may be followed again and again, each time with others in it. */
const maxSchemas = 2000

interface Reading {
  root: Json
  left: number
}

/** What a JSON Schema (2020-12) takes, and more rather than less: whatever it says beyond kinds, values and fields is left out. */
export function shapeOfSchema(schema: Json): ValueShape {
  return read({ root: schema, left: maxSchemas }, schema, 0)
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function read(reading: Reading, schema: Json | undefined, depth: number): ValueShape {
  reading.left -= 1
  if (!isObject(schema) || depth > maxDepth || reading.left < 0) return anyShape
  // A base of its own: what its references mean is not worth finding out.
  if (schema !== reading.root && schema['$id'] !== undefined) return anyShape
  const inner = (part: Json | undefined) => read(reading, part, depth + 1)
  const parts: ValueShape[] = [kindsOfType(schema['type']), mapShape(schema, inner), listShape(schema, inner)]
  if (schema['const'] !== undefined) parts.push(shapeOfValues([schema['const']]))
  if (Array.isArray(schema['enum'])) parts.push(shapeOfValues(schema['enum']))
  if (Array.isArray(schema['allOf'])) parts.push(...schema['allOf'].map(inner))
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const branches = schema[keyword]
    if (Array.isArray(branches)) parts.push(branches.map(inner).reduce(union, noShape))
  }
  const target = typeof schema['$ref'] === 'string' ? targetOf(reading.root, schema['$ref']) : undefined
  if (target !== undefined) parts.push(inner(target))
  return parts.reduce(intersection)
}

/** The part of the schema that a local reference names. */
function targetOf(root: Json, reference: string): Json | undefined {
  if (!reference.startsWith('#')) return undefined
  const pointer = reference.slice(1)
  // Names of anchors, and what is written in percent signs, are left alone.
  if (pointer.includes('%') || (pointer !== '' && !pointer.startsWith('/'))) return undefined
  return pointerPath(pointer).reduce<Json | undefined>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)]
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }, root)
}

function kindsOfType(type: Json | undefined): ValueShape {
  if (Array.isArray(type)) return type.map(kindsOfType).reduce(union, noShape)
  switch (type) {
    case 'null':
    case 'boolean':
    case 'string':
    case 'integer':
      return shapeOfKinds(type)
    case 'number':
      return numberShape
    case 'array':
      return shapeOfKinds('list')
    case 'object':
      return shapeOfKinds('map')
    default:
      return anyShape
  }
}

function mapShape(schema: JsonObject, inner: (part: Json | undefined) => ValueShape): ValueShape {
  const { properties, required, additionalProperties, patternProperties } = schema as Record<
    string,
    Json | undefined
  >
  const fields = new Map(
    Object.entries(isObject(properties) ? properties : {}).map(([key, value]) => [key, inner(value)]),
  )
  return {
    ...anyShape,
    fields,
    ...(additionalProperties === false && patternProperties === undefined ? { closed: true } : {}),
    required: new Set(Array.isArray(required) ? required.filter((key) => typeof key === 'string') : []),
  }
}

function listShape(schema: JsonObject, inner: (part: Json | undefined) => ValueShape): ValueShape {
  const { items, prefixItems } = schema as Record<string, Json | undefined>
  return items === undefined || prefixItems !== undefined ? anyShape : { ...anyShape, items: inner(items) }
}
