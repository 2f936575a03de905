import { z } from 'zod'
import { messageOf } from '../../base/causes.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { inputTypes } from '../plan/types.ts'
import type { ZodSchema } from './job-type-types.ts'

/** What a zod schema says of an input, as a file would say it; or why it cannot. */
export type InputFields =
  | { fields: { type: string; description?: string; enum?: Json[]; default?: Json; schema?: JsonObject } }
  | { refused: string; fix: string }

/** What is the same in every zod 4: it may be another copy than ours. */
interface AnySchema extends ZodSchema {
  readonly _zod: ZodSchema['_zod'] & { readonly def: Definition }
}

type Definition = Readonly<Record<string, unknown>> & { readonly type: string }

export function isSchema(value: unknown): value is AnySchema {
  const inner = (value as { _zod?: { def?: { type?: unknown } } } | null | undefined)?._zod
  return typeof inner?.def?.type === 'string'
}

/** The inputs that an object schema has, by name. */
export function shapeOfObject(schema: AnySchema): Record<string, unknown> | undefined {
  const { type, shape } = schema._zod.def
  return type === 'object' && typeof shape === 'object' && shape !== null
    ? (shape as Record<string, unknown>)
    : undefined
}

/** What says more of an object than its fields. */
export function moreThanFields(schema: AnySchema): string | undefined {
  const { checks, catchall } = schema._zod.def
  if (Array.isArray(checks) && checks.length > 0) return 'checks of the object as a whole'
  if (isSchema(catchall) && catchall._zod.def.type !== 'never') return 'fields that are not named'
  return undefined
}

/** Kinds of schemas that compute, or whose values no JSON has. */
const notCarried: Readonly<Record<string, string>> = {
  transform: 'a transform',
  pipe: 'a pipe or transform',
  catch: '.catch()',
  prefault: '.prefault()',
  custom: 'a check of its own code',
  date: 'a Date',
  bigint: 'a BigInt',
  map: 'a Map',
  set: 'a Set',
  symbol: 'a symbol',
  function: 'a function',
  undefined: 'undefined',
  void: 'undefined',
  nan: 'NaN',
  file: 'a file',
  promise: 'a promise',
}

const plainFix = 'say it with types, enums and limits; let a step compute and check the rest'

export function inputFields(schema: AnySchema): InputFields {
  const problem = refusal(schema, 0, new Set())
  if (problem !== undefined) return { refused: problem, fix: plainFix }
  const isOptional = ['optional', 'exact_optional'].includes(outermost(schema))
  if (isOptional)
    return {
      refused: 'optional: an input has a value in every run',
      fix: 'give it a default: .default(…)',
    }
  try {
    return split(jsonSchemaOf(schema))
  } catch (error) {
    return { refused: `nothing that JSON Schema can say (${messageOf(error)})`, fix: plainFix }
  }
}

/** Its own method knows the version of zod that made it. */
function jsonSchemaOf(schema: AnySchema): JsonObject {
  const options = { target: 'draft-2020-12', io: 'input' } as const
  const own = (schema as { toJSONSchema?: unknown }).toJSONSchema
  const made: unknown =
    typeof own === 'function'
      ? own.call(schema, options)
      : z.toJSONSchema(schema as unknown as z.ZodType, options)
  return JSON.parse(JSON.stringify(made, leaveToFormat)) as JsonObject
}

/** Beside some formats stands a pattern with lookarounds, which no linear engine runs. */
function leaveToFormat(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('format' in value) || !('pattern' in value))
    return value
  const { pattern, ...rest } = value
  return typeof pattern === 'string' && /\(\?[=!<]/.test(pattern) ? rest : value
}

function split(whole: JsonObject): InputFields {
  const {
    $schema: _,
    '~standard': __,
    type,
    description,
    enum: values,
    const: only,
    default: fallback,
    ...rest
  } = whole
  const allowed = values ?? (only === undefined ? undefined : [only])
  const named = typeof type === 'string' ? type : typeOfAll(allowed)
  if (named === undefined || !inputTypes.some((each) => each === named))
    return {
      refused: `of no single type (${JSON.stringify(type ?? Object.keys(rest))})`,
      fix: `use one of ${inputTypes.join(', ')}`,
    }
  if (named === 'integer') withoutSafeRange(rest)
  withoutEmpty(rest)
  // What refers to itself needs to be whole.
  const schema = JSON.stringify(rest).includes('"$ref"') ? { type: named, ...rest } : rest
  return {
    fields: {
      type: named,
      ...(typeof description === 'string' ? { description } : {}),
      ...(Array.isArray(allowed) ? { enum: allowed } : {}),
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(Object.keys(schema).length === 0 ? {} : { schema }),
    },
  }
}

/** Every whole number is within them. */
function withoutSafeRange(schema: JsonObject): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
}

/** What allows anything. */
function withoutEmpty(schema: JsonObject): void {
  for (const keyword of ['items', 'properties', 'additionalProperties'])
    if (JSON.stringify(schema[keyword]) === '{}') delete schema[keyword]
  if (JSON.stringify(schema.propertyNames) === '{"type":"string"}') delete schema.propertyNames
}

function typeOfAll(values: Json | undefined): string | undefined {
  if (!Array.isArray(values)) return undefined
  const types = new Set(values.map((value) => typeof value))
  const [only] = types
  return types.size === 1 && only !== 'object' ? only : undefined
}

function outermost(schema: AnySchema): string {
  const { type, innerType } = schema._zod.def
  return ['readonly', 'nonoptional'].includes(type) && isSchema(innerType) ? outermost(innerType) : type
}

/** The first thing in a schema that a plan cannot carry. */
function refusal(schema: AnySchema, depth: number, seen: Set<unknown>): string | undefined {
  if (seen.has(schema)) return undefined
  seen.add(schema)
  const { def } = schema._zod
  const known = Object.hasOwn(notCarried, def.type) ? notCarried[def.type] : undefined
  if (known !== undefined) return known
  if (def['coerce'] === true) return 'z.coerce'
  if (def.type === 'default' && depth > 0)
    return 'a default within a value: give the input as a whole a default'
  const checks = Array.isArray(def['checks']) ? (def['checks'] as unknown[]) : []
  for (const check of checks) {
    const kind = (check as { _zod?: { def?: { check?: unknown } } })._zod?.def?.check
    if (kind === 'custom') return '.refine() or another check of its own code'
    if (kind === 'overwrite') return 'a change of the text, such as .trim()'
  }
  const deeper = ['default', 'readonly', 'nonoptional'].includes(def.type) ? depth : depth + 1
  for (const inner of innerSchemas(def)) {
    const found = refusal(inner, deeper, seen)
    if (found !== undefined) return found
  }
  return undefined
}

function innerSchemas(def: Definition): AnySchema[] {
  const getter = def['getter']
  const own = def.type === 'lazy' && typeof getter === 'function' ? [getter() as unknown] : []
  return [...own, ...Object.values(def)].flatMap(within)
}

function within(part: unknown): AnySchema[] {
  if (isSchema(part)) return [part]
  if (Array.isArray(part)) return part.filter(isSchema)
  const prototype: unknown =
    typeof part === 'object' && part !== null ? Object.getPrototypeOf(part) : undefined
  return prototype === Object.prototype || prototype === null
    ? Object.values(part as object).filter(isSchema)
    : []
}
