import type { Json, JsonObject } from '../../base/json.ts'
import { nestingDepth } from '../../base/json-text.ts'

/** Beyond it JSON.stringify may run out of stack. More than anything that is taken, so that nothing good is left out. */
const presentableDepth = 500

/**
 * Stored JSON as a value, whatever is in the row: one that nobody can be answered with must not take the list or the
 * feed with it that it stands in.
 * @returns undefined for null, and for what is no JSON or nests too deeply
 */
export function storedJson(text: string | null): Json | undefined {
  if (text === null || nestingDepth(text) > presentableDepth) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** The same of an object; what cannot be read is shown as such. */
export function storedObject(text: string): JsonObject {
  const value = storedJson(text)
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? value
    : { unreadable: 'what is stored here cannot be read' }
}
