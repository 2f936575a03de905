/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = { [key: string]: Json }

/**
 * One text for equal JSON values: object keys sorted by code unit, no white space (the idea of RFC 8785).
 * Keys and idempotency hashes are made from it, so it must never change for a given value.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const entries = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`)
    return `{${entries.join(',')}}`
  }
  return JSON.stringify(value)
}
