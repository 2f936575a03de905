import type { NextTimeOfDayInput } from './types.ts'

const minuteMs = 60_000
const dayMinutes = 24 * 60

/**
 * The first instant after `fromMs` at which the clocks of a zone show a time of day, or are put forward over it. A day has 25 hours at
 * most, so each minute of two is looked at.
 */
export function nextTimeOfDay({ by, timezone, fromMs }: NextTimeOfDayInput): number {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit' })
  const wanted = minutesOf(by)
  let atMs = Math.floor(fromMs / minuteMs) * minuteMs
  let before = minutesOf(clock.format(atMs))
  for (let minute = 0; minute < 2 * dayMinutes; minute += 1) {
    atMs += minuteMs
    const now = minutesOf(clock.format(atMs))
    if (now === wanted || isBetween(before, wanted, now)) return atMs
    before = now
  }
  throw new Error(`the clocks of ${timezone} never show ${by}`)
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  return hours * 60 + minutes
}

/** False where the clocks were put back. */
function isBetween(before: number, wanted: number, now: number): boolean {
  const after = (minutes: number) => (minutes - before + dayMinutes) % dayMinutes
  return after(now) < dayMinutes / 2 && after(wanted) > 0 && after(wanted) < after(now)
}
