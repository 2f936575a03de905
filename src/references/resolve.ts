import type { Json, JsonObject } from '../base/json.ts'
import {
  isOutputValueReference,
  isReference,
  isSecretReference,
  isSecretTemplate,
} from '../contract/index.ts'
import { JobRunError } from '../job-types/errors.ts'

/** Where the values come from that a config only refers to. */
export interface ReferenceSources {
  /** @throws JobRunError `invalid_config` when there is no such secret */
  secret(name: string): Promise<string>
  output(jobRunId: string, name: string): Promise<Json>
}

async function resolveReference(value: Json, sources: ReferenceSources): Promise<Json> {
  if (isSecretReference(value)) return sources.secret(value.$secret)
  if (isSecretTemplate(value)) {
    const parts: string[] = []
    for (const part of value.$template) {
      if (typeof part !== 'string' && !isSecretReference(part))
        throw new JobRunError('invalid_config', 'a part of $template is neither text nor {"$secret": NAME}')
      parts.push(typeof part === 'string' ? part : await sources.secret(part.$secret))
    }
    return parts.join('')
  }
  if (isOutputValueReference(value)) return sources.output(value.$output.job_run_id, value.$output.name)
  return value
}

async function resolveValue(value: Json, pointer: string, sources: ReferenceSources): Promise<Json> {
  if (isReference(value)) {
    // What a reference gives is data: were it resolved again, an output could read secrets.
    try {
      return await resolveReference(value, sources)
    } catch (error) {
      if (error instanceof JobRunError)
        throw new JobRunError(error.code, `config${pointer}: ${error.message}`)
      throw error
    }
  }
  if (Array.isArray(value)) {
    const items: Json[] = []
    for (const [index, item] of value.entries())
      items.push(await resolveValue(item, `${pointer}/${index}`, sources))
    return items
  }
  return typeof value === 'object' && value !== null ? resolveObject(value, pointer, sources) : value
}

/** The object with every reference in it replaced. @throws JobRunError `invalid_config`, with the place */
export async function resolveObject(
  object: JsonObject,
  pointer: string,
  sources: ReferenceSources,
): Promise<JsonObject> {
  const entries: [string, Json][] = []
  for (const [key, value] of Object.entries(object))
    entries.push([key, await resolveValue(value, `${pointer}/${key}`, sources)])
  return Object.fromEntries(entries)
}
