import type { Json } from '../../base/json.ts'
import { decodeUtf8 } from '../../base/utf8.ts'

/** `text/markdown` of `Text/Markdown; charset=utf-8`. */
export function bareMediaType(mediaType: string): string {
  return mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/**
 * What an output is as a value: JSON as it is, text as a string.
 * @returns the value, or why there is none: not what its media type says, or a type that is no value
 */
export function outputValue(output: {
  mediaType: string
  content: Uint8Array
}): { value: Json } | { problem: 'malformed' | 'no_value' } {
  const type = bareMediaType(output.mediaType)
  const isJson = type === 'application/json' || type.endsWith('+json')
  if (!isJson && !type.startsWith('text/')) return { problem: 'no_value' }
  const decoded = decodeUtf8(output.content)
  if ('badByte' in decoded) return { problem: 'malformed' }
  if (!isJson) return { value: decoded.text }
  try {
    return { value: JSON.parse(decoded.text) as Json }
  } catch {
    return { problem: 'malformed' }
  }
}
