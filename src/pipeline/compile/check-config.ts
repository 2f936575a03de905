import type { Json } from '../../base/json.ts'
import { suggest } from '../../base/suggest.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { describe, type MapEntry, type MapNode, type Node, toJson } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import { sameJson, show } from './json-types.ts'

/**
 * Checks the literal parts of a config against its job type's JSON Schema: required and unknown fields, types, enums.
 * The server checks all of it when the job is created; this finds the common mistakes before, with their places.
 */
type Schema = { [key: string]: Json }

function asSchema(value: Json | undefined): Schema | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined
}

/** With these a schema says more than we read, so its fields and types are left to the server. */
const combining = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', '$dynamicRef']

function isPlain(schema: Schema): boolean {
  return combining.every((keyword) => !Object.hasOwn(schema, keyword))
}

function jsonType(node: Node): string {
  if (node.kind === 'list') return 'array'
  if (node.kind === 'map') return 'object'
  if (node.value === null) return 'null'
  if (typeof node.value === 'number') return Number.isInteger(node.value) ? 'integer' : 'number'
  return typeof node.value
}

function allowedTypes(schema: Schema): string[] | undefined {
  const type = schema.type
  if (typeof type === 'string') return [type]
  return Array.isArray(type) && type.every((each) => typeof each === 'string') ? type : undefined
}

interface Place {
  reporter: Reporter
  /** As in a message: `config.retries`. */
  name: string
  /** Where to point when something is missing. */
  keyStart: number
  jobType: string
}

function isDynamic(node: Node): boolean {
  return node.kind === 'scalar' && typeof node.value === 'string' && hasExpression(node.value)
}

function checkFields(node: MapNode, schema: Schema, place: Place, isTop: boolean): void {
  const properties = asSchema(schema.properties) ?? {}
  const required = Array.isArray(schema.required) ? schema.required : []
  for (const name of required) {
    // The orchestrator adds `job_type` itself.
    if (typeof name !== 'string' || (isTop && name === 'job_type')) continue
    if (node.entries.some((entry) => entry.key === name)) continue
    place.reporter.add({
      code: 'config_missing_field',
      offset: place.keyStart,
      message: `${place.name} lacks \`${name}\`, which job type \`${place.jobType}\` requires`,
      fix: `add \`${name}\``,
    })
  }
  const isClosed = schema.additionalProperties === false && !Object.hasOwn(schema, 'patternProperties')
  for (const entry of node.entries) {
    const property = Object.hasOwn(properties, entry.key) ? asSchema(properties[entry.key]) : undefined
    if (property)
      checkNode(
        entry.value,
        property,
        { ...place, name: `${place.name}.${entry.key}`, keyStart: entry.keyStart },
        false,
      )
    else if (isClosed && !Object.hasOwn(properties, entry.key) && !(isTop && entry.key === 'job_type')) {
      place.reporter.add({
        code: 'config_unknown_field',
        offset: entry.keyStart,
        message: `job type \`${place.jobType}\` has no field \`${entry.key}\` in ${place.name}`,
        fix: suggest(entry.key, Object.keys(properties)),
      })
    }
  }
}

function checkNode(node: Node, schema: Schema, place: Place, isTop: boolean): void {
  if (isDynamic(node) || !isPlain(schema)) return
  const types = allowedTypes(schema)
  const found = jsonType(node)
  if (types && !types.includes(found) && !(found === 'integer' && types.includes('number'))) {
    place.reporter.add({
      code: 'config_wrong_type',
      offset: node.start,
      message: `${place.name} must be ${types.join(' or ')} for job type \`${place.jobType}\`, found ${describe(node)}`,
      fix: `give a value of type ${types.join(' or ')}`,
    })
    return
  }
  const values = schema.enum
  if (
    Array.isArray(values) &&
    node.kind === 'scalar' &&
    !values.some((value) => sameJson(value, node.value))
  ) {
    place.reporter.add({
      code: 'config_wrong_value',
      offset: node.start,
      message: `${place.name} cannot be ${show(toJson(node))}`,
      fix: suggest(String(node.value), values.map(String)),
    })
  }
  if (node.kind === 'map') checkFields(node, schema, place, isTop)
  const items = asSchema(schema.items)
  if (node.kind === 'list' && items) {
    for (const [index, item] of node.items.entries()) {
      checkNode(item, items, { ...place, name: `${place.name}[${index}]`, keyStart: item.start }, false)
    }
  }
}

/** Checks `config` (or its absence) of a step that runs a job of this type. */
export function checkConfig(
  step: MapEntry,
  config: MapEntry | undefined,
  entry: JobTypeSchemaEntry,
  reporter: Reporter,
): void {
  const place: Place = {
    reporter,
    name: 'config',
    keyStart: config?.keyStart ?? step.keyStart,
    jobType: entry.job_type,
  }
  const schema = entry.json_schema
  if (config?.value.kind === 'map') checkNode(config.value, schema, place, true)
  else if (!config && isPlain(schema))
    checkFields({ kind: 'map', entries: [], start: place.keyStart, end: place.keyStart }, schema, place, true)
}
