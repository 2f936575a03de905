import type { Json } from '../../base/json.ts'
import { jsonPointer } from '../../base/json-pointer.ts'
import { type JsonTextProblem, jsonTextProblems } from '../../base/json-text.ts'
import { decodeUtf8 } from '../../base/utf8.ts'
import { bareMediaType, isJsonMediaType } from './media-types.ts'
import { limits } from './schemas.ts'

/** The first thing wrong with a JSON text, and where; undefined when it is JSON that can be kept as it is. */
export function describeJsonProblem(problem: JsonTextProblem | undefined): string | undefined {
  if (problem === undefined) return undefined
  const place = problem.path.length === 0 ? '' : ` (${jsonPointer(problem.path.slice(0, 20)).slice(0, 200)})`
  return `at offset ${problem.offset}${place}: ${problem.detail}`.toWellFormed()
}

/**
 * What an output is as a value: JSON as it is, text as a string.
 * @returns the value, or why there is none: `malformed`, with where it is not what its media type says or cannot be
 * kept as it is, or `no_value` for a type that is no value
 */
export function outputValue(output: {
  mediaType: string
  content: Uint8Array
}): { value: Json } | { problem: 'malformed'; detail: string } | { problem: 'no_value' } {
  const isJson = isJsonMediaType(output.mediaType)
  if (!isJson && !bareMediaType(output.mediaType).startsWith('text/')) return { problem: 'no_value' }
  const decoded = decodeUtf8(output.content)
  if ('badByte' in decoded)
    return { problem: 'malformed', detail: `at byte offset ${decoded.badByte}: is not UTF-8` }
  if (!isJson) return { value: decoded.text }
  const detail = describeJsonProblem(jsonTextProblems(decoded.text, limits.jsonDepth)[0])
  return detail === undefined ? { value: JSON.parse(decoded.text) as Json } : { problem: 'malformed', detail }
}
