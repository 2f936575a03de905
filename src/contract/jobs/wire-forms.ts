/** An id, in upper or lower case. */
export const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** UTC, microseconds, no zone: `2026-04-13T10:10:00.000000`. */
export const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/

/** A wire timestamp that is a real date of the years 1 to 9999: the form lets a 30th of February and the year 0 through, and databases do not. */
export function isInstant(text: string): boolean {
  if (!timestampPattern.test(text) || text.startsWith('0000')) return false
  const milliseconds = text.slice(0, 23)
  const instant = new Date(`${milliseconds}Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(milliseconds)
}
