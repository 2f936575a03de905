import { type Json, type JsonObject, refusedKeys } from '../../base/json.ts'
import { isReference, limits } from '../../contract/index.ts'
import { invalid } from './problems.ts'

function isPlainObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/**
 * RFC 7396, with one addition: a reference (`{"$secret": …}` and its like) stands for a value, so it is
 * replaced as a whole and never merged into.
 * @throws RangeError when the patch carries `__proto__`, `constructor` or `prototype`; bodies were refused before
 */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    if (refusedKeys.has(key)) throw new RangeError(`the key ${key} cannot be merged`)
    if (value === null) delete merged[key]
    else if (isPlainObject(value) && !isReference(value)) {
      const before = merged[key]
      merged[key] = mergePatch(isPlainObject(before) && !isReference(before) ? before : {}, value)
    } else merged[key] = value
  }
  return merged
}

/**
 * A job's config with a patch merged in.
 * @throws ApiProblem 422 when it would outgrow a body: otherwise patch by patch it could become of any size
 */
export function mergeConfig(config: JsonObject, patch: JsonObject): JsonObject {
  const merged = mergePatch(config, patch)
  const bytes = Buffer.byteLength(JSON.stringify(merged))
  if (bytes > limits.bodyBytes)
    throw invalid('invalid_config', [
      { pointer: '/config', detail: `has ${bytes} bytes once merged; at most ${limits.bodyBytes} are kept` },
    ])
  return merged
}
