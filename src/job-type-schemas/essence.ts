import { createHash } from 'node:crypto'
import { canonicalJson, type Json, type JsonObject, setOwn } from '../base/json.ts'
import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { isObject } from './schema.ts'

/** What of a job type's schemas decides which configs it takes and which outputs it gives: no descriptions, no order. */
export interface JobTypeEssence {
  job_type: string
  config: Json
  /** By name; absent where it declares none, and may store any. */
  outputs?: JsonObject
}

/** Keywords that change nothing for a value. */
const annotations: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  'title',
  'description',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
])
const ofOne: ReadonlySet<string> = new Set([
  'items',
  'additionalItems',
  'unevaluatedItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
])
const ofMany: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items'])
const byName: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  '$defs',
  'definitions',
])
const inAnyOrder: ReadonlySet<string> = new Set(['required', 'type'])

export function essenceOf({
  job_type,
  json_schema,
  output_schemas = {},
}: JobTypeSchemaEntry): JobTypeEssence {
  const outputs = mapValues(output_schemas, schemaEssence)
  return {
    job_type,
    config: schemaEssence(json_schema),
    ...(Object.keys(outputs).length > 0 ? { outputs } : {}),
  }
}

/** SHA-256, in hexadecimal digits: the same for schemas that say the same. */
export function jobTypeDigest(entry: JobTypeSchemaEntry): string {
  const { config, outputs = null } = essenceOf(entry)
  return createHash('sha256').update(canonicalJson({ config, outputs })).digest('hex')
}

function schemaEssence(schema: Json): Json {
  if (!isObject(schema)) return schema
  const essence: JsonObject = {}
  for (const [key, value] of Object.entries(schema))
    if (!annotations.has(key) && !key.startsWith('x-')) setOwn(essence, key, keywordEssence(key, value))
  return essence
}

function keywordEssence(key: string, value: Json): Json {
  if (Array.isArray(value)) {
    if (ofMany.has(key)) return value.map(schemaEssence)
    return inAnyOrder.has(key) ? value.toSorted() : value
  }
  if (ofOne.has(key)) return schemaEssence(value)
  return byName.has(key) && isObject(value) ? mapValues(value, schemaEssence) : value
}

function mapValues(object: JsonObject, change: (value: Json) => Json): JsonObject {
  const changed: JsonObject = {}
  for (const [key, value] of Object.entries(object)) setOwn(changed, key, change(value))
  return changed
}
