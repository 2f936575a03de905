import type { Json, JsonObject } from '../base/json.ts'
import { isObject } from './fields.ts'

/** Finds a job type that can be run without knowing what it is about. Pure. */

export interface Sample {
  jobType: string
  config: JsonObject
}

/** A value that a schema names itself; undefined for one that only a person could choose. */
function namedValue(schema: Json | undefined): Json | undefined {
  if (!isObject(schema)) return undefined
  if (schema.const !== undefined) return schema.const
  if (schema.default !== undefined) return schema.default
  const [example] = Array.isArray(schema.examples) ? schema.examples : []
  if (example !== undefined) return example
  return Array.isArray(schema.enum) ? schema.enum[0] : undefined
}

/** A config of a job type's schema, of what the schema itself names; undefined when it asks for more. */
export function sampleConfig(jobType: string, schema: Json | undefined): JsonObject | undefined {
  if (!isObject(schema)) return undefined
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  const config: JsonObject = { job_type: jobType }
  for (const name of required) {
    if (name === 'job_type' || typeof name !== 'string') continue
    const value = namedValue(properties[name])
    if (value === undefined) return undefined
    config[name] = value
  }
  return config
}

/** The first of these job types that a config can be made for. */
export function findSample(entries: readonly Json[]): Sample | undefined {
  for (const entry of entries) {
    if (!isObject(entry) || typeof entry.job_type !== 'string') continue
    const config = sampleConfig(entry.job_type, entry.json_schema)
    if (config !== undefined) return { jobType: entry.job_type, config }
  }
  return undefined
}
