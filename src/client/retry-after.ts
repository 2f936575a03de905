const longestMs = 24 * 60 * 60_000
/** IMF-fixdate, the one form of a date that RFC 9110 lets a server send. */
const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/

function parseDate(text: string | null): number | undefined {
  if (text === null || !httpDate.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

/**
 * The delay a `Retry-After` header asks for, in milliseconds: whole seconds or an HTTP date (RFC 9110, 10.2.3).
 * A date is measured from the answer's own `Date`, since the server's clock may differ from ours.
 * @returns 0 for a date that has passed, at most 24 hours, undefined for garbage
 */
export function parseRetryAfter(
  value: string | null,
  nowMs: number,
  dateHeader: string | null = null,
): number | undefined {
  if (value === null) return undefined
  const text = value.trim()
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longestMs)
  const time = parseDate(text)
  if (time === undefined) return undefined
  return Math.min(Math.max(0, time - (parseDate(dateHeader) ?? nowMs)), longestMs)
}
