import { wallClock } from './wall-clock.ts'
import { zoneOf } from './zones.ts'

/** A date, or a date and a time of day, which may name its offset. */
const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/

const dayMs = 86_400_000

/**
 * The instant that a person wrote as the last one of something: `2026-12-31` is the end of that day, and a time without an offset is one of
 * the zone. Undefined for what is none.
 * @throws JobwrightError `unknown_timezone`
 */
export function readInstant(text: string, timezone: string): number | undefined {
  const found = pattern.exec(text)
  if (!found) return undefined
  const [, date, time, offset] = found
  const localMs = Date.parse(`${date}T${time ?? '00:00'}Z`)
  // 31 February is another date, and none that was meant.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString().slice(0, 10) !== date) return undefined
  if (offset !== undefined) {
    const exact = Date.parse(`${date}T${time}${offset}`)
    return Number.isNaN(exact) ? undefined : exact
  }
  const clock = wallClock(zoneOf(timezone))
  const at = (local: number) => {
    const { instants, gap } = clock.read(local)
    return instants.at(-1) ?? gap?.endsAtMs ?? local
  }
  return time === undefined ? at(localMs + dayMs) - 1 : at(localMs)
}
