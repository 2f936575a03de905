/** At most `bytes` of UTF-8, cut between characters, with an ellipsis where something is missing. */
export function truncateBytes(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text)
  if (encoded.byteLength <= bytes) return text
  // A stream decoder holds an unfinished character back instead of replacing it.
  return `${new TextDecoder().decode(encoded.subarray(0, bytes - 3), { stream: true })}…`
}

/** At most `length` UTF-16 units, never half a pair. */
export function truncate(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** The wire's form of an instant: UTC, microseconds, no zone. */
export function timestamp(microseconds: number): string {
  const date = new Date(Math.floor(microseconds / 1000))
  return date.toISOString().replace('Z', String(microseconds % 1000).padStart(3, '0'))
}
