import type { ScheduleSpec, Tick } from '../plan/index.ts'
import { type Cron, parseCron } from './cron.ts'
import { jitterOf } from './jitter.ts'
import { matchingDays } from './matching-days.ts'
import { wallClock } from './wall-clock.ts'
import { type Zone, zoneOf } from './zones.ts'

/** A tick without jitter. */
type Time = Omit<Tick, 'dueMs'>

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** The calendar repeats itself after it, days of the week included: what does not come within it never does. */
const calendarCycleMs = 146_097 * dayMs
/** No schedule is looked at further ahead. */
const furthestMs = 2 * calendarCycleMs
/** No clock is further from UTC, however it changes. */
const furthestOffsetMs = 26 * hourMs

/**
 * The ticks whose nominal times are in [fromMs, untilMs), in order. Dropped ones are among them, where nothing else falls on their time.
 * @param name of the schedule: jitter differs by it
 * @param limit how many at most
 * @throws JobwrightError `bad_cron`, `unknown_timezone`
 */
export function ticksBetween(
  spec: ScheduleSpec,
  name: string,
  fromMs: number,
  untilMs: number,
  limit = Number.POSITIVE_INFINITY,
): Tick[] {
  const found: Tick[] = []
  // With jitter a tick is known when the next one is.
  for (const tick of withJitter(spec, name, timesFrom(spec, fromMs, untilMs + spec.jitterMs))) {
    if (tick.nominalMs >= untilMs || found.length >= limit) break
    found.push(tick)
  }
  return found
}

/** The next `count` ticks that run, after `afterMs`. Fewer where there are no more. */
export function nextTicks(spec: ScheduleSpec, name: string, afterMs: number, count: number): Tick[] {
  const found: Tick[] = []
  if (count < 1) return found
  const times = timesFrom(spec, afterMs + 1, afterMs + calendarCycleMs)
  for (const tick of withJitter(spec, name, times)) {
    if (!tick.isDropped) found.push(tick)
    if (found.length >= count) break
  }
  return found
}

function* withJitter(spec: ScheduleSpec, name: string, times: Iterable<Time>): Generator<Tick> {
  const { jitterMs } = spec
  /** One that runs, and dropped ones after it. */
  let held: Time[] = []
  const release = (nextMs: number): Tick[] =>
    held.map((time) => {
      const room = time.isDropped
        ? 0
        : Math.min(jitterMs, nextMs - time.nominalMs, latest(spec) - time.nominalMs)
      return { ...time, dueMs: time.nominalMs + jitterOf(name, time.nominalMs, room) }
    })
  for (const time of times) {
    if (jitterMs === 0) {
      yield { ...time, dueMs: time.nominalMs }
      continue
    }
    if (!time.isDropped) {
      yield* release(time.nominalMs)
      held = []
    }
    held.push(time)
  }
  yield* release(Number.POSITIVE_INFINITY)
}

const latest = (spec: ScheduleSpec) => spec.untilMs ?? Number.POSITIVE_INFINITY

/** In [fromMs, untilMs), lazily. */
function timesFrom(spec: ScheduleSpec, fromMs: number, untilMs: number): Iterable<Time> {
  const endMs = Math.min(untilMs, latest(spec) + 1)
  if (spec.everyMs !== undefined) return intervalTimes(spec.everyMs, fromMs, endMs)
  return cronTimes(spec, parseCron(spec.cron ?? ''), fromMs, Math.min(endMs, fromMs + furthestMs))
}

function* intervalTimes(everyMs: number, fromMs: number, endMs: number): Generator<Time> {
  for (let at = Math.ceil(fromMs / everyMs) * everyMs; at < endMs; at += everyMs) yield { nominalMs: at }
}

function* cronTimes(spec: ScheduleSpec, cron: Cron, fromMs: number, endMs: number): Generator<Time> {
  const zone = zoneOf(spec.timezone)
  const clock = wallClock(zone)
  const first = localAround(zone, fromMs, -furthestOffsetMs)
  const last = localAround(zone, endMs, furthestOffsetMs)
  /** Of the days before, out of order as clocks that change make them. */
  let pending: Time[] = []
  for (const day of matchingDays(cron, Math.floor(first / dayMs) * dayMs, last)) {
    const [ready, rest] = split(pending, day - furthestOffsetMs)
    yield* within(ready, fromMs, endMs)
    pending = rest
    for (const hour of cron.hours) {
      const hourStart = day + hour * hourMs
      if (hourStart + hourMs <= first || hourStart >= last) continue
      for (const minute of cron.minutes)
        pending.push(...timesAt(spec, clock.read(hourStart + minute * 60_000)))
    }
  }
  yield* within(pending, fromMs, endMs)
}

/** What the clock shows then; where it changes nearby, so much before or after it. */
function localAround(zone: Zone, atMs: number, marginMs: number): number {
  const isStill = zone.transitionsBetween(atMs - 2 * dayMs, atMs + 2 * dayMs).length === 0
  return atMs + (isStill ? zone.offsetMs(atMs) : marginMs)
}

type Reading = ReturnType<ReturnType<typeof wallClock>['read']>

/** What the policy makes of a local time. */
function timesAt({ dst }: ScheduleSpec, { instants, gap }: Reading): Time[] {
  if (gap) {
    if (dst.gap === 'next') return [{ nominalMs: gap.endsAtMs, dst: 'gap' }]
    const shifted: Time = { nominalMs: gap.shiftedMs, dst: 'gap' }
    return [dst.gap === 'skip' ? { ...shifted, isDropped: true } : shifted]
  }
  const [first = 0, ...others] = instants
  if (others.length === 0) return [{ nominalMs: first }]
  return [
    { nominalMs: first, dst: 'fold' },
    ...others.map(
      (nominalMs): Time => ({
        nominalMs,
        dst: 'second',
        ...(dst.fold === 'first' && { isDropped: true as const }),
      }),
    ),
  ]
}

function split(times: Time[], beforeMs: number): [Time[], Time[]] {
  if (times.length === 0) return [[], times]
  const ready = times.filter((time) => time.nominalMs < beforeMs)
  return [ready, ready.length === times.length ? [] : times.filter((time) => time.nominalMs >= beforeMs)]
}

/** In order, each instant once: one that runs counts for those that do not, one that exists for those that were moved. */
function within(times: Time[], fromMs: number, endMs: number): Time[] {
  const rank = (time: Time) => (time.isDropped ? 2 : time.dst === 'gap' ? 1 : 0)
  const found: Time[] = []
  for (const time of times.toSorted((a, b) => a.nominalMs - b.nominalMs || rank(a) - rank(b))) {
    const isWithin = time.nominalMs >= fromMs && time.nominalMs < endMs
    if (isWithin && found.at(-1)?.nominalMs !== time.nominalMs) found.push(time)
  }
  return found
}
