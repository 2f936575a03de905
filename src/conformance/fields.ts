import type { Json, JsonObject } from '../base/json.ts'
import { jobRunStatuses, uuidPattern } from '../contract/index.ts'

/** The fields of the reference, and whether a value is of them. Pure. */

type FieldType = 'id' | 'text' | 'time' | 'boolean' | 'object' | 'list' | 'status' | 'whole'
type Fields = Readonly<Record<string, FieldType | `${FieldType}?`>>

/** `?`: may be null. */
export const jobFields: Fields = {
  uuid: 'id',
  name: 'text',
  description: 'text?',
  config: 'object',
  is_deleted: 'boolean',
  created_by: 'text',
  created_at: 'time',
  updated_at: 'time?',
  source_session_id: 'id?',
  source_project_id: 'id?',
}

export const runFields: Fields = {
  uuid: 'id',
  job_id: 'id',
  job_name: 'text',
  config: 'object',
  status: 'status',
  created_by: 'text',
  created_at: 'time',
  updated_at: 'time',
  is_deleted: 'boolean',
  output_references: 'list',
}

/** What nothing can go on without. */
export const jobEssentials: Fields = { uuid: 'id' }
export const runEssentials: Fields = { uuid: 'id', job_id: 'id', status: 'text' }

export const schemaFields: Fields = {
  job_type: 'text',
  display_name: 'text',
  description: 'text',
  user_facing_description: 'text',
  json_schema: 'object',
  creatable_on_ui: 'boolean',
  creatable_by_agent: 'boolean',
  visible_on_ui: 'boolean',
}

export const cancelFields: Fields = { message: 'text', cancelled_count: 'whole' }
export const messageFields: Fields = { message: 'text' }

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Date and time in the form of ISO 8601, with or without fraction and zone. */
const timeForm = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/i
const zone = /(Z|[+-]\d\d:?\d\d)$/i

/** Milliseconds since the epoch; a time without a zone is UTC. */
export function instantOf(text: Json | undefined): number | undefined {
  if (typeof text !== 'string' || !timeForm.test(text)) return undefined
  const time = Date.parse(zone.test(text) ? text : `${text.replace(' ', 'T')}Z`)
  return Number.isNaN(time) ? undefined : time
}

export function isZoned(time: string): boolean {
  return zone.test(time)
}

export function describeKind(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? `the text ${JSON.stringify(value.slice(0, 40))}` : `a ${typeof value}`
}

const names: Readonly<Record<FieldType, string>> = {
  id: 'an id, as text',
  text: 'text',
  time: 'a time of ISO 8601',
  boolean: 'true or false',
  object: 'an object',
  list: 'a list',
  status: `one of ${jobRunStatuses.join(', ')}`,
  whole: 'a whole number',
}

function isOfType(value: Json | undefined, type: FieldType): boolean {
  switch (type) {
    case 'id':
      return typeof value === 'string' && value !== ''
    case 'text':
      return typeof value === 'string'
    case 'time':
      return instantOf(value) !== undefined
    case 'boolean':
      return typeof value === 'boolean'
    case 'object':
      return isObject(value)
    case 'list':
      return Array.isArray(value)
    case 'status':
      return typeof value === 'string' && (jobRunStatuses as readonly string[]).includes(value)
    case 'whole':
      return Number.isInteger(value)
  }
}

/** What is wrong with a thing's fields, as `field: found, expected`; fields beyond the reference are nobody's business. */
export function fieldProblems(
  value: Json | undefined,
  fields: Fields,
): { found: string; expected: string } | undefined {
  if (!isObject(value)) return { found: describeKind(value), expected: 'an object' }
  for (const [name, form] of Object.entries(fields)) {
    const type = form.replace('?', '') as FieldType
    const given = Object.hasOwn(value, name) ? value[name] : undefined
    if (form.endsWith('?') && given === null) continue
    if (isOfType(given, type)) continue
    const orNull = form.endsWith('?') ? ', or null' : ''
    return {
      found: `${name}: ${describeKind(given)}`,
      expected: `${name}: ${names[type]}${orNull}`,
    }
  }
  return undefined
}

/** The form of an id; undefined for what is none. */
export function idForm(value: Json | undefined): 'uuid' | 'text' | 'number' | undefined {
  if (typeof value === 'number') return 'number'
  if (typeof value !== 'string' || value === '') return undefined
  return uuidPattern.test(value) ? 'uuid' : 'text'
}
