import type { ScheduleSpec } from '../plan/index.ts'
import { nextTicks, ticksBetween } from './ticks.ts'

/** What of Temporal's `ScheduleSpec` (`@temporalio/client`) a schedule's clock takes. All of it is UTC. */
export interface TemporalSpec {
  calendars?: TemporalCalendar[]
  intervals?: { every: number }[]
  /** None after it. */
  endAt?: Date
  timezone: 'UTC'
}

export interface TemporalCalendar {
  year: Range[]
  month: Month[]
  dayOfMonth: Range[]
  hour: Range[]
  minute: Range[]
  second: 0
}

interface Range {
  start: number
  end: number
}

const months = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const
type Month = (typeof months)[number]

const dayMs = 86_400_000
const minuteMs = 60_000
const horizonMs = 400 * dayMs
const ticksAtLeast = 5
/** Temporal's calendars know no later year. */
const lastMs = Date.UTC(2100, 0, 1)

/**
 * The times of a schedule as Temporal can match them: exactly its ticks from the day of `fromMs` on until `coversUntilMs`, without those that
 * are dropped and without jitter, each written as what it is in UTC. So nothing depends on what Temporal makes of zones and their changes.
 */
export function temporalSpec(
  spec: ScheduleSpec,
  fromMs: number,
): { spec: TemporalSpec; coversUntilMs: number } {
  const ending = spec.untilMs === null ? {} : { endAt: new Date(spec.untilMs) }
  if (spec.everyMs !== undefined) {
    const intervals = [{ every: spec.everyMs }]
    return { spec: { intervals, timezone: 'UTC', ...ending }, coversUntilMs: Number.MAX_SAFE_INTEGER }
  }
  // Whole days: what is applied twice on a day is the same, and complete days are short to write.
  const startMs = startOfDay(fromMs)
  const exact = { ...spec, jitterMs: 0 }
  const fifthMs = nextTicks(exact, '', fromMs, ticksAtLeast).at(-1)?.nominalMs ?? 0
  const coversUntilMs = Math.min(Math.max(startMs + horizonMs, startOfDay(fifthMs) + dayMs), lastMs)
  const times = ticksBetween(exact, '', startMs, coversUntilMs).filter((tick) => !tick.isDropped)
  return {
    spec: { calendars: calendarsOf(times.map((tick) => tick.nominalMs)), timezone: 'UTC', ...ending },
    coversUntilMs,
  }
}

const startOfDay = (atMs: number) => Math.floor(atMs / dayMs) * dayMs

/** Exactly these times, in few calendars. */
function calendarsOf(times: readonly number[]): TemporalCalendar[] {
  const days = [...Map.groupBy(times, startOfDay)].map(([day, ofDay]) => ({
    day,
    minutes: ofDay.map((at) => (at - day) / minuteMs),
  }))
  return [...Map.groupBy(days, ({ minutes }) => minutes.join()).values()].flatMap((alike) => {
    const clocks = clocksOf(alike[0]?.minutes ?? [])
    return datesOf(alike.map(({ day }) => day)).flatMap((dates) =>
      clocks.map((clock): TemporalCalendar => ({ ...dates, ...clock, second: 0 })),
    )
  })
}

/** Minutes of a day as products of hours and minutes. */
function clocksOf(minutesOfDay: readonly number[]): Pick<TemporalCalendar, 'hour' | 'minute'>[] {
  const byHour = Map.groupBy(minutesOfDay, (one) => Math.floor(one / 60))
  const hours = [...byHour].map(([hour, ofHour]) => ({ hour, minutes: ofHour.map((one) => one % 60) }))
  return [...Map.groupBy(hours, ({ minutes }) => minutes.join()).values()].map((alike) => ({
    hour: ranges(alike.map(({ hour }) => hour)),
    minute: ranges(alike[0]?.minutes ?? []),
  }))
}

/** Days as products of years, months and days of the month. */
function datesOf(days: readonly number[]): Pick<TemporalCalendar, 'year' | 'month' | 'dayOfMonth'>[] {
  const ofMonths = [...Map.groupBy(days, (day) => monthIndex(day))].map(([index, ofMonth]) => ({
    year: Math.floor(index / 12),
    month: index % 12,
    days: completed(ofMonth),
  }))
  const alike = Map.groupBy(ofMonths, (one) => `${one.year}: ${one.days.join()}`)
  const ofYears = [...alike.values()].map((some) => ({
    year: some[0]?.year ?? 0,
    months: some.map(({ month }) => month),
    days: some[0]?.days ?? [],
  }))
  return [...Map.groupBy(ofYears, (one) => `${one.months.join()}: ${one.days.join()}`).values()].map(
    (some) => ({
      year: ranges(some.map(({ year }) => year)),
      month: (some[0]?.months ?? []).flatMap((month) => months[month] ?? []),
      dayOfMonth: ranges(some[0]?.days ?? []),
    }),
  )
}

const monthIndex = (day: number) => new Date(day).getUTCFullYear() * 12 + new Date(day).getUTCMonth()

/** Days of the month; of a whole month up to the 31st, so that months of all lengths are alike. */
function completed(daysOfOneMonth: readonly number[]): number[] {
  const last = new Date(daysOfOneMonth[0] ?? 0)
  const length = new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + 1, 0)).getUTCDate()
  if (daysOfOneMonth.length === length) return Array.from({ length: 31 }, (_, index) => index + 1)
  return daysOfOneMonth.map((day) => new Date(day).getUTCDate())
}

/** Numbers in order as few ranges. */
function ranges(numbers: readonly number[]): Range[] {
  const found: Range[] = []
  for (const number of numbers) {
    const last = found.at(-1)
    if (last && number === last.end + 1) last.end = number
    else found.push({ start: number, end: number })
  }
  return found
}
