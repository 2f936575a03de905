import { JobwrightError } from '../base/errors.ts'
import { backfillTicks, maxActiveRange } from '../contract/schedules/backfills.ts'
import type { BackfillRequest, ScheduleSpec, Tick } from '../schedule/plan/index.ts'
import { ticksBetween, wallClock, zoneOf } from '../schedule/times/index.ts'
import type { BackfillOptions } from './backfill-types.ts'

/** What a backfill of a schedule would go through. */
export interface RequestedBackfill {
  request: BackfillRequest
  ticks: Tick[]
}

/**
 * Asks nobody.
 * @throws JobwrightError `bad_time`, `empty_range`, `future_range`, `no_ticks`, `too_many_ticks`, `bad_max_active`
 */
export function requestBackfill(
  { name, spec }: { name: string; spec: ScheduleSpec },
  options: BackfillOptions,
  nowMs: number,
): RequestedBackfill {
  const { only = 'missing', order = 'oldest', maxActive = maxActiveRange.default, isConfirmed } = options
  requireMaxActive(maxActive)
  const fromMs = timeOf(options.from, spec.timezone)
  const untilMs = options.until === undefined ? nowMs : timeOf(options.until, spec.timezone)
  requirePast({ fromMs, untilMs, nowMs })
  const ticks = ticksBetween(spec, name, fromMs, untilMs, backfillTicks.most + 1)
  if (ticks.length === 0)
    throw usage(
      'no_ticks',
      `schedule ${name} has no time in the range from ${iso(fromMs)} until ${iso(untilMs)}`,
      `\`jobwright schedule simulate ${name}\` shows when it is due`,
    )
  requireFew(ticks.length, isConfirmed ?? false)
  return { request: { fromMs, untilMs, only, order, maxActive }, ticks }
}

const iso = (ms: number): string => new Date(ms).toISOString()
const amount = (count: number): string => count.toLocaleString('en')
const usage = (code: string, message: string, fix: string) =>
  new JobwrightError({ code, fault: 'usage', message, fix })

function requireMaxActive(maxActive: number): void {
  const { least, most } = maxActiveRange
  if (Number.isSafeInteger(maxActive) && maxActive >= least && maxActive <= most) return
  throw usage(
    'bad_max_active',
    `${maxActive} runs of a backfill cannot be open at once`,
    `expected a whole number from ${least} to ${most}`,
  )
}

function requirePast({ fromMs, untilMs, nowMs }: { fromMs: number; untilMs: number; nowMs: number }): void {
  if (Math.max(fromMs, untilMs) > nowMs)
    throw usage(
      'future_range',
      `the range from ${iso(fromMs)} until ${iso(untilMs)} reaches into the future; it is ${iso(nowMs)}`,
      'a backfill makes up for times that have been: give a `from` in the past; without `until` it ends now',
    )
  if (fromMs >= untilMs)
    throw usage(
      'empty_range',
      `the range from ${iso(fromMs)} until ${iso(untilMs)} is empty`,
      'give an `until` that is later than `from`; it does not belong to the range itself',
    )
}

function requireFew(ticks: number, isConfirmed: boolean): void {
  const { most, unconfirmed } = backfillTicks
  if (ticks > most)
    throw usage(
      'too_many_ticks',
      `there are more than ${amount(most)} times in the range`,
      'give a shorter one: several backfills, one after the other',
    )
  if (ticks > unconfirmed && !isConfirmed)
    throw usage(
      'too_many_ticks',
      `there are ${amount(ticks)} times in the range, and a backfill of more than ${amount(unconfirmed)} has to be confirmed`,
      'give a shorter range, or say that it is meant: `--yes` (`confirmed: true`)',
    )
}

const forms = [
  // A day, or a time of the clock, of the schedule's zone.
  /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/,
  // RFC 3339.
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i,
] as const

/**
 * A time as people give it: what names no zone is of the schedule's.
 * @throws JobwrightError `bad_time`
 */
export function timeOf(given: Date | string, timezone: string): number {
  if (typeof given !== 'string') return valid(given.getTime(), String(given))
  const text = given.trim()
  const [local, instant] = forms
  // JavaScript takes the 30th of February for the 2nd of March.
  if (!isDay(text.slice(0, 10))) return valid(Number.NaN, text)
  if (local.test(text)) {
    const localMs = valid(Date.parse(`${text.length === 10 ? `${text}T00:00` : text}Z`), text)
    const { instants, gap } = wallClock(zoneOf(timezone)).read(localMs)
    return instants[0] ?? gap?.endsAtMs ?? localMs
  }
  return valid(instant.test(text) ? Date.parse(text) : Number.NaN, text)
}

function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}

function valid(ms: number, given: string): number {
  if (!Number.isNaN(ms)) return ms
  throw usage(
    'bad_time',
    `${JSON.stringify(given.slice(0, 60))} is no time`,
    "for example 2026-04-13 or 2026-04-13T02:30 (in the schedule's zone), or 2026-04-13T02:30:00Z",
  )
}
