import { Cron } from 'croner'
import type { ScheduleSpec } from '../../../src/schedule/plan/index.ts'

/**
 * When a cron is due, found another way: croner says which local times it has, and a table of what the clock on the wall showed at every
 * minute says when those were. It shares no code with what it judges.
 */
export interface Expected {
  nominalMs: number
  isDropped: boolean
}

const minuteMs = 60_000
const dayMs = 86_400_000

/** The minutes that a clock showed, in order: pairs of instant and shown time (as if it were UTC). */
function shownMinutes(timezone: string, fromMs: number, untilMs: number): [at: number, shown: number][] {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'short',
  })
  const found: [number, number][] = []
  for (let at = fromMs; at < untilMs; at += minuteMs)
    found.push([at, Date.parse(`${format.format(at).replace(' ', 'T')}:00Z`)])
  return found
}

export function expectedTicks(spec: ScheduleSpec, fromMs: number, untilMs: number): Expected[] {
  const minutes = shownMinutes(spec.timezone, fromMs - 2 * dayMs, untilMs + 2 * dayMs)
  const shownAt = Map.groupBy(minutes, ([, shown]) => shown)
  const found = new Map<number, boolean>()
  const add = (at: number, isDropped: boolean) => found.set(at, isDropped && (found.get(at) ?? true))
  for (const local of localTimes(spec.cron ?? '', minutes)) {
    const instants = (shownAt.get(local) ?? []).map(([at]) => at)
    if (instants.length === 0) {
      const index = minutes.findIndex(
        ([, shown], i) => shown > local && (minutes[i - 1]?.[1] ?? local) < local,
      )
      const [after, shownAfter] = minutes[index] ?? [Number.NaN, Number.NaN]
      const shownBefore = minutes[index - 1]?.[1] ?? Number.NaN
      // As many minutes after the last one that was shown.
      const shifted = after - minuteMs + (local - shownBefore)
      if (Number.isNaN(shownAfter)) continue
      add(spec.dst.gap === 'next' ? after : shifted, spec.dst.gap === 'skip')
    }
    for (const [index, at] of instants.entries()) add(at, index > 0 && spec.dst.fold === 'first')
  }
  return [...found]
    .map(([nominalMs, isDropped]) => ({ nominalMs, isDropped }))
    .filter(({ nominalMs }) => nominalMs >= fromMs && nominalMs < untilMs)
    .toSorted((a, b) => a.nominalMs - b.nominalMs)
}

function localTimes(cron: string, minutes: readonly [number, number][]): number[] {
  const from = minutes[0]?.[1] ?? 0
  const until = minutes.at(-1)?.[1] ?? 0
  const times = new Cron(cron, { timezone: 'UTC', mode: '5-part', domAndDow: true })
  const found: number[] = []
  let next = times.nextRun(new Date(from - 1000))
  while (next && next.getTime() <= until) {
    found.push(next.getTime())
    next = times.nextRun(next)
  }
  return found
}

/** Days in whose course a zone changes its clock, from 2025 to 2030. */
export function daysOfChange(timezone: string): number[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, timeStyle: 'short' })
  const found: number[] = []
  let before = ''
  for (let day = Date.UTC(2025, 0, 1); day < Date.UTC(2031, 0, 1); day += dayMs) {
    const shown = format.format(day)
    if (before !== '' && shown !== before) found.push(day - dayMs)
    before = shown
  }
  return found
}
