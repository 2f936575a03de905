/** An id, in upper or lower case. */
export const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What an `Idempotency-Key` consists of: visible ASCII characters. */
export const idempotencyKeyPattern = /^[\x21-\x7e]+$/

/** A time as a query may have it: date; time, fraction and offset where they are given. */
export const queryTimePattern =
  /^(\d{4}-\d\d-\d\d)(?:[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?)?$/

/** The same for people. */
export const queryTimeForm =
  '2026-04-13T10:10:00.000000 (UTC), RFC 3339 with an offset (2026-04-13T12:10:00+02:00), or a date (2026-04-13)'

/** UTC, microseconds, no zone: `2026-04-13T10:10:00.000000`. */
export const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/

/** A wire timestamp that is a real date of the years 1 to 9999: the form lets a 30th of February and the year 0 through, and databases do not. */
export function isInstant(text: string): boolean {
  if (!timestampPattern.test(text) || text.startsWith('0000')) return false
  const milliseconds = text.slice(0, 23)
  const instant = new Date(`${milliseconds}Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(milliseconds)
}
