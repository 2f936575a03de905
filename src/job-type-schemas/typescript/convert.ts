import type { Json, JsonObject } from '../../base/json.ts'
import { isObject, kindsOf, listOf, localTarget, objectOf, textsOf } from '../schema.ts'
import { docOf } from './doc.ts'
import { pascalCase, unusedName } from './names.ts'
import {
  anyObject,
  type Field,
  intersectionOf,
  keyword,
  neverType,
  type TypeNode,
  unionOf,
  unknownType,
} from './type-node.ts'

/** A type with a name, for what a schema refers to. */
export interface TypeAlias {
  name: string
  type: TypeNode
  doc: readonly string[]
}

export interface ConvertOptions {
  /** What the names of aliases begin with. */
  name: string
  /** Names that are in use; those that are given are added. */
  taken: Set<string>
  /** A field of the schema itself that is left out, as somebody else gives it. */
  without?: string
  /** What its references are looked up in. @default the schema itself */
  root?: Json
}

/** Schemas within schemas; what lies deeper is `unknown`. */
const maxDepth = 100

interface Conversion {
  root: Json
  options: ConvertOptions
  /** By the pointer that they are referred to. */
  aliases: Map<string, { name: string; schema: Json }>
}

/** Where a schema stands: `whole` while it is the schema itself, by way of alternatives and references. */
interface Place {
  depth: number
  whole?: readonly string[]
}

/**
 * What a JSON Schema takes, as a type; with everything that it refers to as a type of its own. It allows what the schema allows, and
 * more where TypeScript has no words for it (patterns, bounds, `not`, `if`): never less. Two things are taken to be meant:
 * `properties` without a `type` is an object, and an object that does not mention `additionalProperties` has no others.
 */
export function typeOfSchema(
  schema: Json,
  options: ConvertOptions,
): { type: TypeNode; aliases: TypeAlias[] } {
  const conversion: Conversion = { root: options.root ?? schema, options, aliases: new Map() }
  const type = convert(conversion, schema, { depth: 0, whole: [] })
  const aliases: TypeAlias[] = []
  // Converting one may find more.
  for (const { name, schema: target } of conversion.aliases.values())
    aliases.push({ name, type: convert(conversion, target, { depth: 0 }), doc: docOf(target) })
  return { type, aliases: withoutCircles(aliases) }
}

function convert(conversion: Conversion, schema: Json | undefined, place: Place): TypeNode {
  if (schema === false) return neverType
  if (!isObject(schema) || place.depth > maxDepth) return unknownType
  // A base of its own: what its references mean is not worth finding out.
  if (schema !== conversion.root && schema['$id'] !== undefined) return unknownType
  const part = (one: Json | undefined) => convert(conversion, one, { depth: place.depth + 1 })
  const same = (one: Json | undefined) => convert(conversion, one, { ...place, depth: place.depth + 1 })
  const without = place.whole ? conversion.options.without : undefined
  const alternatives = (['anyOf', 'oneOf'] as const).flatMap((key) =>
    Array.isArray(schema[key]) ? [unionOf(schema[key].map(same))] : [],
  )
  return intersectionOf([
    schema['$ref'] === undefined ? unknownType : referred(conversion, schema['$ref'], place),
    ...listOf(schema['allOf']).map(same),
    ownType(schema, part, without),
    ...alternatives,
    isEverything(schema['not']) ? neverType : unknownType,
  ])
}

const isEverything = (schema: Json | undefined): boolean =>
  schema === true || (isObject(schema) && Object.keys(schema).length === 0)

function referred(conversion: Conversion, reference: Json, place: Place): TypeNode {
  const target = localTarget(conversion.root, reference)
  if (!target) return unknownType
  const { pointer, schema } = target
  if (place.whole && !place.whole.includes(pointer))
    return convert(conversion, schema, { depth: place.depth + 1, whole: [...place.whole, pointer] })
  const { aliases, options } = conversion
  const known = aliases.get(pointer)
  if (known) return { kind: 'alias', name: known.name }
  const last = pointer.slice(pointer.lastIndexOf('/') + 1)
  const name = unusedName(`${options.name}${pascalCase(last)}`, options.taken)
  aliases.set(pointer, { name, schema })
  return { kind: 'alias', name }
}

type Convert = (schema: Json | undefined) => TypeNode

/** What the schema says itself, by its kinds and values. */
function ownType(schema: JsonObject, part: Convert, without: string | undefined): TypeNode {
  const kinds = kindsOf(schema)
  const values =
    schema['const'] !== undefined
      ? [schema['const']]
      : Array.isArray(schema['enum'])
        ? schema['enum']
        : undefined
  if (values) {
    const isNamed = schema['type'] !== undefined
    return unionOf(values.filter((value) => !isNamed || !kinds || isOfKind(value, kinds)).map(literalType))
  }
  return kinds ? unionOf(kinds.map((kind) => typeOfKind(kind, schema, part, without))) : unknownType
}

function isOfKind(value: Json, kinds: readonly string[]): boolean {
  if (value === null) return kinds.includes('null')
  if (Array.isArray(value)) return kinds.includes('array')
  return kinds.includes(typeof value) || (Number.isInteger(value) && kinds.includes('integer'))
}

function literalType(value: Json): TypeNode {
  if (value === null) return keyword('null')
  if (Array.isArray(value)) return { kind: 'tuple', items: value.map(literalType), required: value.length }
  if (typeof value !== 'object') return { kind: 'literal', value }
  const fields = Object.entries(value).map(
    ([name, one]): Field => ({ name, type: literalType(one), optional: false, doc: [] }),
  )
  return fields.length > 0 ? { kind: 'object', fields } : emptyObject
}

const emptyObject: TypeNode = { kind: 'object', fields: [], index: neverType }

function typeOfKind(kind: string, schema: JsonObject, part: Convert, without: string | undefined): TypeNode {
  switch (kind) {
    case 'string':
    case 'boolean':
    case 'null':
    case 'number':
      return keyword(kind)
    case 'integer':
      return keyword('number')
    case 'array':
      return arrayType(schema, part)
    case 'object':
      return objectType(schema, part, without)
    default:
      return unknownType
  }
}

function arrayType(schema: JsonObject, part: Convert): TypeNode {
  const { items, prefixItems, additionalItems, minItems } = schema
  // Before 2020-12, `items` could be such a list.
  const prefix = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
  const more = Array.isArray(items) ? additionalItems : items
  if (prefix.length === 0) return { kind: 'array', item: more === undefined ? unknownType : part(more) }
  const rest = more === undefined ? unknownType : part(more)
  const isClosed =
    more === false || (typeof schema['maxItems'] === 'number' && schema['maxItems'] <= prefix.length)
  return {
    kind: 'tuple',
    items: prefix.map(part),
    required: Math.min(typeof minItems === 'number' ? minItems : 0, prefix.length),
    ...(isClosed ? {} : { rest }),
  }
}

function objectType(schema: JsonObject, part: Convert, without: string | undefined): TypeNode {
  const properties = objectOf(schema['properties'])
  const required = textsOf(schema['required'])
  const { additionalProperties } = schema
  const keys = keysOf(schema['propertyNames'])
  // One that is listed only, here or among the keys there may be, is as all others are.
  const others = [...required, ...(keys ?? [])].filter((name) => !Object.hasOwn(properties, name))
  const names = [...new Set([...Object.keys(properties), ...others])].filter((name) => name !== without)
  const fields = names.map((name): Field => {
    const own = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
    const type = own === undefined ? unknownType : part(own)
    return { name, type, optional: !required.includes(name), doc: docOf(properties[name]) }
  })
  const index = keys ? undefined : indexType(schema, part, fields)
  if (index) return { kind: 'object', fields, index }
  if (fields.length > 0) return { kind: 'object', fields }
  return additionalProperties === false ? emptyObject : anyObject
}

/** The names that `propertyNames` leaves, where it lists them. */
function keysOf(propertyNames: Json | undefined): string[] | undefined {
  const { const: only, enum: all } = objectOf(propertyNames)
  if (typeof only === 'string') return [only]
  return Array.isArray(all) ? textsOf(all) : undefined
}

/** What stands under other names than those of the fields, where the schema says so. An index has to include every field. */
function indexType(schema: JsonObject, part: Convert, fields: readonly Field[]): TypeNode | undefined {
  const { additionalProperties } = schema
  const patterns = Object.values(objectOf(schema['patternProperties']))
  if (patterns.length === 0 && (additionalProperties === undefined || additionalProperties === false))
    return undefined
  const others = additionalProperties === undefined ? unknownType : part(additionalProperties)
  const own = fields.flatMap(({ type, optional }) => (optional ? [type, keyword('undefined')] : [type]))
  return unionOf([...patterns.map(part), others, ...own])
}

/** A type that is nothing but itself, by way of others, says nothing. */
function withoutCircles(aliases: readonly TypeAlias[]): TypeAlias[] {
  const types = new Map(aliases.map(({ name, type }) => [name, type]))
  const broken = new Set<string>()
  const leadsTo = (type: TypeNode | undefined, name: string, seen: Set<string>): boolean => {
    if (type?.kind === 'union' || type?.kind === 'intersection')
      return type.of.some((one) => leadsTo(one, name, seen))
    if (type?.kind !== 'alias' || broken.has(type.name)) return false
    if (type.name === name) return true
    if (seen.has(type.name)) return false
    seen.add(type.name)
    return leadsTo(types.get(type.name), name, seen)
  }
  return aliases.map((alias) => {
    if (!leadsTo(alias.type, alias.name, new Set())) return alias
    broken.add(alias.name)
    return { ...alias, type: unknownType }
  })
}
