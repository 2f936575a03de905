import type { Json, JsonObject } from '../../base/json.ts'

/**
 * Values that a job config may hold in place of the real thing. Our server stores them as they are; the
 * worker that runs the handler resolves them, so neither a secret nor a large output passes through history.
 */
export type SecretReference = { $secret: string }
export type SecretTemplate = { $template: (string | SecretReference)[] }
export type OutputValueReference = { $output: { job_run_id: string; name: string } }

const referenceKeys: ReadonlySet<string> = new Set(['$secret', '$template', '$output'])

/** The key by which a value has the form of a reference, well made or not. */
export function referenceKeyOf(value: Json): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  const keys = Object.keys(value)
  const only = keys.length === 1 ? keys[0] : undefined
  return only !== undefined && referenceKeys.has(only) ? only : undefined
}

function hasOnlyKey(value: Json | undefined, key: string): value is JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.length === 1 && keys[0] === key
}

export function isSecretReference(value: Json | undefined): value is SecretReference {
  return hasOnlyKey(value, '$secret') && typeof value['$secret'] === 'string'
}

export function isSecretTemplate(value: Json | undefined): value is SecretTemplate {
  return hasOnlyKey(value, '$template') && Array.isArray(value['$template'])
}

export function isOutputValueReference(value: Json | undefined): value is OutputValueReference {
  if (!hasOnlyKey(value, '$output')) return false
  const target = value['$output'] as Json
  return (
    target !== null &&
    typeof target === 'object' &&
    !Array.isArray(target) &&
    typeof target['job_run_id'] === 'string' &&
    typeof target['name'] === 'string'
  )
}

/** True for any value that stands for another one and is resolved only where the handler runs. */
export function isReference(value: Json | undefined): boolean {
  return isSecretReference(value) || isSecretTemplate(value) || isOutputValueReference(value)
}

/** True when a reference stands anywhere in a value. */
export function containsReference(value: Json | undefined): boolean {
  if (value === null || typeof value !== 'object') return false
  return isReference(value) || Object.values(value).some(containsReference)
}
