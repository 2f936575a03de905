import { z } from 'zod'
import { messageOf } from '../base/causes.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { JobTypeDefinitionError } from './errors.ts'
import type { AnyJobType } from './types.ts'

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output', place: string): JsonObject {
  try {
    return z.toJSONSchema(schema, { target: 'draft-2020-12', io, override: leaveToFormat }) as JsonObject
  } catch (error) {
    throw new JobTypeDefinitionError(
      `${place}: cannot be written as JSON Schema (${messageOf(error)})`,
      'use types that JSON has',
    )
  }
}

/** Beside some formats (`hostname`, `duration`) stands a pattern with lookarounds, which a server that runs patterns in linear time cannot take. */
function leaveToFormat({ jsonSchema }: { jsonSchema: { format?: unknown; pattern?: string } }): void {
  if (jsonSchema.format !== undefined && /\(\?[=!<]/.test(jsonSchema.pattern ?? '')) delete jsonSchema.pattern
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

/**
 * The JSON Schema (2020-12) of a job's config as it is sent: what the job type declares, with `job_type` added.
 * @throws JobTypeDefinitionError when the config is no object or not expressible
 */
export function configJsonSchema(jobType: AnyJobType): JsonObject {
  const place = `job type ${jobType.jobType}, config`
  const schema = toJsonSchema(jobType.config, 'input', place)
  if (schema.type !== 'object')
    throw new JobTypeDefinitionError(`${place}: expected an object schema`, 'write z.strictObject({ … })')
  const properties = asObject(schema.properties)
  if (Object.hasOwn(properties, 'job_type'))
    throw new JobTypeDefinitionError(
      `${place}: declares job_type, which is added to every config`,
      'leave it out',
    )
  const required = Array.isArray(schema.required) ? schema.required : []
  return {
    ...schema,
    properties: { job_type: { type: 'string', const: jobType.jobType }, ...properties },
    required: ['job_type', ...required],
  }
}

/** A job type as `GET /jobs/schemas` lists it. */
export function schemaEntry(jobType: AnyJobType): JobTypeSchemaEntry {
  const outputs = Object.entries(jobType.outputs ?? {}).map(([name, schema]) => [
    name,
    toJsonSchema(schema, 'output', `job type ${jobType.jobType}, output ${name}`),
  ])
  return {
    job_type: jobType.jobType,
    display_name: jobType.displayName,
    description: jobType.description,
    user_facing_description: jobType.userFacingDescription ?? jobType.description,
    json_schema: configJsonSchema(jobType),
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
    ...(outputs.length === 0 ? {} : { output_schemas: Object.fromEntries(outputs) }),
  }
}
