import { queryTimePattern } from '../../contract/index.ts'

const offsetForm = /^([+-])(\d\d):(\d\d)$/

/** Years that both JavaScript and PostgreSQL write with four digits. */
const earliest = Date.parse('0001-01-01T00:00:00Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * An instant from the API's own form (UTC, microseconds, no zone), from RFC 3339, or from a bare date, which is
 * midnight UTC. It keeps microseconds, which the API's own timestamps have and a Date has not: a window that begins or
 * ends at a run's `created_at` must fall on it exactly. Finer fractions are cut off.
 * @returns RFC 3339 in UTC, with microseconds; undefined when the text is none of these, or no real date
 */
export function parseTimestamp(text: string): string | undefined {
  const match = queryTimePattern.exec(text)
  if (!match) return undefined
  const [, date = '', time = '00:00:00', fraction = '', zone = 'Z'] = match
  const microseconds = fraction.padEnd(6, '0').slice(0, 6)
  const naive = new Date(`${date}T${time}.${microseconds.slice(0, 3)}Z`)
  // Date rolls 30 February over into March; what comes back must be what went in.
  if (Number.isNaN(naive.getTime()) || !naive.toISOString().startsWith(`${date}T${time}`)) return undefined
  const instant = naive.getTime() - (offsetMinutes(zone) ?? Number.NaN) * 60_000
  if (!(instant >= earliest && instant <= latest)) return undefined
  return new Date(instant).toISOString().replace('Z', `${microseconds.slice(3)}Z`)
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0
  const [, sign, hours = '', minutes = ''] = offsetForm.exec(zone) ?? []
  if (Number(hours) > 23 || Number(minutes) > 59 || sign === undefined) return undefined
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
