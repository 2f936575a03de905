import { Cron } from 'croner'
import { describe, expect, it } from 'vitest'
import {
  append,
  changedFields,
  type Decision,
  decide,
  edited,
  expand,
  type LedgerEntry,
  type Look,
  letGo,
  nextDueMs,
  nominalsOf,
  openLimit,
  type ScheduleDefinition,
  type ScheduleSpec,
  type ScheduleState,
} from '../../../src/schedule/plan/index.ts'
import { createScheduleState } from '../../../src/schedule/plan/state.ts'
import { ticksBetween } from '../../../src/schedule/times/index.ts'
import { seededRandom } from '../../../src/testing/seeded.ts'
import { scheduleOf } from '../../helpers/schedules.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const startMs = Date.UTC(2026, 0, 1)
const plan = { planVersion: 1 as const, name: 'p', connection: 'default', inputs: [], steps: [], outputs: [] }

const timesOf = (rest: Partial<ScheduleSpec>): ScheduleSpec => ({
  timezone: 'UTC',
  dst: { gap: 'next', fold: 'first' },
  jitterMs: 0,
  untilMs: null,
  ...rest,
})
/** Times that daylight saving leaves alone: how it is treated is shown elsewhere. */
const specs = [
  timesOf({ everyMs: 20 * minute }),
  timesOf({ everyMs: hour, jitterMs: 7 * minute }),
  timesOf({ cron: '*/30 9-17 * * 1-5', timezone: 'Europe/Berlin' }),
  timesOf({ cron: '0 4 * * *', timezone: 'America/New_York' }),
]

/** Nominal times in (fromMs, untilMs], by croner and by counting. */
function enumerate({ cron, everyMs = minute, timezone }: ScheduleSpec, fromMs: number, untilMs: number) {
  const found: number[] = []
  if (cron === undefined) {
    for (let at = startMs; at <= untilMs; at += everyMs) if (at > fromMs) found.push(at)
    return found
  }
  const times = new Cron(cron, { timezone })
  for (let next = times.nextRun(new Date(fromMs)); next && next.getTime() <= untilMs; ) {
    found.push(next.getTime())
    next = times.nextRun(next)
  }
  return found
}

/** A schedule, Temporal's, and the runs, over days that pass a minute at a time. */
function createWorld(seed: string) {
  const random = seededRandom(seed)
  const chance = (one: number) => random() < 1 / one
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T
  let nowMs = startMs
  let definition = scheduleOf(plan, 'days', hour, { spec: specs[0] as ScheduleSpec })
  let state: ScheduleState = createScheduleState(startMs)
  const ledger: LedgerEntry[] = []
  /** Open runs, and when they end. */
  const open = new Map<string, number>()
  const started = new Set<string>()
  const problems: string[] = []
  /** What the schedule was, from when to when, and when nothing may fire. */
  const eras: { spec: ScheduleSpec; fromMs: number; untilMs: number }[] = []
  const pauses: [number, number][] = []
  let eraFromMs = startMs
  let pausedSinceMs: number | undefined
  /** Temporal's schedule: until when it acted, and the wakes that it has under way, two at most. */
  const clock = { handPausedUntilMs: 0, wakes: [] as number[] }
  let awayUntilMs = 0
  const count = { kills: 0, edits: 0, pauses: 0, outages: 0, handPauses: 0, doubled: 0, lost: 0 }

  const look = (coveredFromMs: number, untilMs = nowMs): Look => ({
    nowMs,
    ticks:
      untilMs > state.takenUntilMs
        ? ticksBetween(definition.spec, definition.name, state.takenUntilMs + 1, untilMs + 1)
        : [],
    untilMs,
    closed: state.open.flatMap(({ id }) => (open.has(id) ? [] : id)),
    coveredFromMs,
    isHandPaused: clock.handPausedUntilMs > nowMs,
    openLimit,
  })

  /** False when a worker was killed before it: nothing of it is left, and some time passes. */
  function carryOut(decision: Decision, mayFire: boolean): boolean {
    if (chance(30)) {
      count.kills += 1
      awayUntilMs = nowMs + Math.floor(random() ** 2 * 2 * hour)
      return false
    }
    state = decision.state
    for (const action of decision.actions) {
      const { runId } = action
      if (action.kind === 'cancel') {
        if (open.has(runId)) open.set(runId, nowMs + minute)
        continue
      }
      if (!mayFire) problems.push(`fired ${runId} by what is no tick`)
      if (state.pause) problems.push(`fired ${runId} while paused`)
      if (started.has(runId)) problems.push(`fired ${runId} twice`)
      const isBeside = [...open.values()].some((endMs) => endMs > nowMs)
      if (definition.overlap !== 'allow' && isBeside) problems.push(`fired ${runId} beside another`)
      started.add(runId)
      open.set(runId, nowMs + Math.floor(random() ** 4 * 5 * hour))
    }
    ledger.push(...append(ledger.splice(-1), decision.entries))
    return true
  }

  function work(): void {
    const isDouble = clock.wakes.length > 0 && chance(10)
    if (isDouble) count.doubled += 1
    const [from] = clock.wakes
    const wait = nextDueMs(state) ?? Number.POSITIVE_INFINITY
    if (from !== undefined) {
      if (carryOut(decide(state, definition, look(from)), true) && !isDouble) clock.wakes.shift()
    } else if (wait <= nowMs || state.queue.length > 0)
      carryOut(decide(state, definition, look(Number.POSITIVE_INFINITY, state.takenUntilMs)), true)
  }

  function beginEra(): void {
    eras.push({ spec: definition.spec, fromMs: eraFromMs, untilMs: nowMs })
    eraFromMs = nowMs
  }

  function edit(next: ScheduleDefinition): void {
    if (changedFields(definition, next).length === 0) return
    count.edits += 1
    const covered = Math.min(...clock.wakes)
    const mayFire = clock.wakes.length + state.waiting.length + state.queue.length > 0
    if (!carryOut(decide(state, definition, look(covered)), mayFire)) return
    beginEra()
    state = edited(state, state.pause, nowMs)
    definition = next
  }

  function pauseOrResume(): void {
    if (state.pause) {
      if (!carryOut(decide(state, definition, look(Number.POSITIVE_INFINITY)), false)) return
      state = edited(state, null, nowMs)
      pauses.push([pausedSinceMs ?? 0, nowMs])
    } else {
      if (!carryOut(letGo(state, look(Number.POSITIVE_INFINITY)), false)) return
      count.pauses += 1
      state = edited(state, { origin: 'person', sinceMs: nowMs }, nowMs)
      pausedSinceMs = nowMs
    }
  }

  function tickTemporal(): void {
    if (state.pause || clock.handPausedUntilMs > nowMs) return
    const due = enumerateOne(definition.spec, nowMs)
    // One that runs, and one in the buffer.
    if (!due || clock.wakes.length >= 2) return
    // A tick's workflow may be ended by hand.
    if (chance(100)) count.lost += 1
    else clock.wakes.push(nowMs)
  }

  const cache = new Map<ScheduleSpec, Set<number>>()
  function enumerateOne(spec: ScheduleSpec, atMs: number): boolean {
    let known = cache.get(spec)
    if (!known) {
      known = new Set(enumerate(spec, startMs, startMs + 501 * day))
      cache.set(spec, known)
    }
    return known.has(atMs)
  }

  function pass(): void {
    nowMs += minute
    for (const [run, endMs] of open) if (endMs <= nowMs) open.delete(run)
    tickTemporal()
    if (chance(3 * 24 * 60)) {
      count.outages += 1
      awayUntilMs = nowMs + Math.floor(random() ** 3 * 30 * hour)
    }
    if (chance(20 * 24 * 60)) {
      count.handPauses += 1
      clock.handPausedUntilMs = nowMs + Math.floor(random() * 10 * hour)
    }
    if (awayUntilMs > nowMs) return
    if (chance(2 * 24 * 60)) {
      // Applied again as it is, or as something else.
      edit({ ...definition })
      const [spec, overlap] = [
        pick(specs),
        pick(['skip', 'queue', 'queue_one', 'cancel_previous', 'allow'] as const),
      ]
      const keep = pick(['last', 'all', 'none'] as const)
      edit({ ...definition, spec, overlap, catchUp: { windowMs: pick([hour, 6 * hour]), keep } })
    }
    if (chance(4 * 24 * 60)) pauseOrResume()
    work()
  }

  return {
    count,
    problems,
    pass,
    end() {
      awayUntilMs = 0
      clock.handPausedUntilMs = 0
      clock.wakes = []
      while (!carryOut(letGo(state, look(Number.POSITIVE_INFINITY)), false));
      if (state.pause) pauses.push([pausedSinceMs ?? 0, nowMs])
      beginEra()
      return { ledger, eras, pauses }
    },
  }
}

describe('500 days of a schedule', () => {
  // With the last, an edit fires hundreds that waited, which stay open until after the next one.
  const seeds = [String(Math.floor(Math.random() * 1e9)), '7', '844645316']
  it.each(seeds)('has one row for each of its times, with seed %s', (seed) => {
    const world = createWorld(seed)
    for (let n = 0; n < 500 * 24 * 60; n += 1) world.pass()
    const { ledger, eras, pauses } = world.end()
    expect(world.problems).toEqual([])
    const rows = expand('days', ledger)
    expect(rows.map(({ nominal_at }) => Date.parse(nominal_at))).toEqual(
      eras.flatMap(({ spec, fromMs, untilMs }) => enumerate(spec, fromMs, untilMs)),
    )
    const seen = new Map<number, string>()
    for (const entry of ledger)
      for (const at of nominalsOf(entry)) {
        const before = seen.get(at)
        if (before !== undefined && before !== 'buffered')
          world.problems.push(`${at}: ${before}, ${entry.outcome}`)
        seen.set(at, entry.outcome)
      }
    expect(world.problems).toEqual([])
    // Whatever waited was decided in the end.
    expect(rows.filter(({ outcome }) => outcome === 'buffered')).toEqual([])
    const fired = rows.filter(({ outcome }) => outcome === 'fired')
    const isPaused = (at: number) => pauses.some(([from, until]) => at > from && at < until)
    expect(fired.filter(({ decided_at }) => isPaused(Date.parse(decided_at)))).toEqual([])
    const kinds = new Set(rows.map(({ outcome, reason }) => `${outcome} ${reason}`))
    for (const kind of [
      'fired null',
      'fired catch_up',
      'fired overlap',
      'skipped overlap',
      'skipped buffer_full',
      'missed catch_up',
      'missed outage',
      'paused paused',
    ])
      expect(kinds).toContain(kind)
    for (const happened of Object.values(world.count)) expect(happened).toBeGreaterThan(10)
    if (process.env['KEEPER_LOG']) console.log(seed, rows.length, world.count, ledger.length)
  })
})
