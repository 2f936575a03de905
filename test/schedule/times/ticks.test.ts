import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScheduleSpec, Tick } from '../../../src/schedule/plan/index.ts'
import { nextTicks, ticksBetween, zoneOf } from '../../../src/schedule/times/index.ts'
import { daysOfChange, expectedTicks } from './oracle.ts'

const dayMs = 86_400_000

function specOf(cron: string, timezone = 'UTC', more: Partial<ScheduleSpec> = {}): ScheduleSpec {
  return { cron, timezone, dst: { gap: 'next', fold: 'first' }, jitterMs: 0, untilMs: null, ...more }
}

const shown = (ticks: readonly Tick[]) =>
  ticks.map(({ nominalMs, dst, isDropped }) =>
    [new Date(nominalMs).toISOString().slice(0, 16), dst, isDropped && 'dropped'].filter(Boolean).join(' '),
  )

const between = (spec: ScheduleSpec, from: string, until: string) =>
  shown(ticksBetween(spec, 'nightly', Date.parse(from), Date.parse(until)))

describe('a local time that does not exist', () => {
  const at = (gap: ScheduleSpec['dst']['gap'], cron = '30 2 * * *') =>
    between(
      specOf(cron, 'Europe/Berlin', { dst: { gap, fold: 'first' } }),
      '2026-03-29T00:00Z',
      '2026-03-30T00:00Z',
    )

  test('moves to the next that does, is left out, or comes as much later', () => {
    expect(at('next')).toEqual(['2026-03-29T01:00 gap'])
    expect(at('skip')).toEqual(['2026-03-29T01:30 gap dropped'])
    expect(at('shift')).toEqual(['2026-03-29T01:30 gap'])
  })

  test('is one tick with what falls on the same instant', () => {
    expect(at('next', '0,20,40 2,3 * * *')).toEqual([
      '2026-03-29T01:00',
      '2026-03-29T01:20',
      '2026-03-29T01:40',
    ])
    expect(at('next', '0,20,40 2 * * *')).toEqual(['2026-03-29T01:00 gap'])
    expect(at('skip', '30 2,3 * * *')).toEqual(['2026-03-29T01:30'])
  })

  test('may be half an hour, midnight, or a whole day', () => {
    expect(
      between(specOf('15 2 * * *', 'Australia/Lord_Howe'), '2026-10-03T00:00Z', '2026-10-04T00:00Z'),
    ).toEqual(['2026-10-03T15:30 gap'])
    expect(between(specOf('0 0 * * *', 'Asia/Beirut'), '2026-03-28T00:00Z', '2026-03-29T00:00Z')).toEqual([
      '2026-03-28T22:00 gap',
    ])
    const apia = specOf('0 12 * * *', 'Pacific/Apia')
    expect(between(apia, '2011-12-29T00:00Z', '2012-01-01T00:00Z')).toEqual([
      '2011-12-29T22:00',
      '2011-12-30T10:00 gap',
      '2011-12-30T22:00',
      '2011-12-31T22:00',
    ])
  })
})

describe('a local time that comes twice', () => {
  test.each([
    ['first', '2026-10-25T00:30 fold', '2026-10-25T01:30 second dropped'],
    ['both', '2026-10-25T00:30 fold', '2026-10-25T01:30 second'],
  ] as const)('%s', (fold, ...expected) => {
    const spec = specOf('30 2 * * *', 'Europe/Berlin', { dst: { gap: 'next', fold } })
    expect(between(spec, '2026-10-25T00:00Z', '2026-10-26T00:00Z')).toEqual(expected)
  })
})

test('an interval is counted from the epoch, whatever the zone', () => {
  const { cron: _, ...rest } = specOf('', 'Europe/Berlin')
  expect(between({ ...rest, everyMs: 7 * 3_600_000 }, '1970-01-01T00:00Z', '1970-01-01T15:00Z')).toEqual([
    '1970-01-01T00:00',
    '1970-01-01T07:00',
    '1970-01-01T14:00',
  ])
})

test('the range has its beginning and not its end, and a limit; none is after `until`', () => {
  const hourly = specOf('0 * * * *')
  const day = ['2026-01-01T00:00Z', '2026-01-01T03:00Z'] as const
  expect(between(hourly, ...day)).toHaveLength(3)
  expect(ticksBetween(hourly, 'x', Date.parse(day[0]), Date.parse(day[1]), 2)).toHaveLength(2)
  expect(between({ ...hourly, untilMs: Date.parse('2026-01-01T01:00Z') }, ...day)).toHaveLength(2)
})

test('29 February on a Monday is found, and what never comes again ends', () => {
  const start = Date.UTC(2026, 0, 1)
  const found = nextTicks(specOf('0 0 29 2 1'), 'x', start, 2)
  expect(shown(found)).toEqual(['2044-02-29T00:00', '2072-02-29T00:00'])
  expect(nextTicks(specOf('0 0 29 2 1', 'UTC', { untilMs: Date.UTC(2030, 0, 1) }), 'x', start, 2)).toEqual([])
})

test('jitter is always the same, differs by schedule, and never reaches the next tick or the end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600_000 }), fc.string({ minLength: 1 }), (jitterMs, name) => {
      const untilMs = Date.UTC(2026, 9, 26)
      const spec = specOf('*/5 * * * *', 'Europe/Berlin', { jitterMs, untilMs })
      const ticks = ticksBetween(spec, name, Date.UTC(2026, 9, 24, 22), untilMs + 1)
      expect(ticks).toEqual(ticksBetween(spec, name, Date.UTC(2026, 9, 24, 22), untilMs + dayMs))
      // As it is enumerated tick by tick, too.
      const cut = ticks.length / 2
      const middle = ticks[Math.floor(cut)]?.nominalMs ?? 0
      expect(ticksBetween(spec, name, middle, middle + 1)).toEqual([ticks[Math.floor(cut)]])
      const running = ticks.filter((tick) => !tick.isDropped)
      const dropped = ticks.filter((tick) => tick.isDropped)
      expect(dropped).toHaveLength(12)
      for (const { nominalMs, dueMs } of dropped) expect(dueMs).toBe(nominalMs)
      for (const [index, { nominalMs, dueMs }] of running.entries()) {
        expect(dueMs).toBeGreaterThanOrEqual(nominalMs)
        expect(dueMs - nominalMs).toBeLessThanOrEqual(jitterMs)
        expect(dueMs).toBeLessThan(running[index + 1]?.nominalMs ?? untilMs + 1)
      }
    }),
    { numRuns: 10 },
  )
  const due = (name: string) =>
    ticksBetween(specOf('0 * * * *', 'UTC', { jitterMs: 60_000 }), name, 0, dayMs).map((tick) => tick.dueMs)
  expect(due('nightly-a')).not.toEqual(due('nightly-b'))
})

describe('as croner and the clock on the wall have it', () => {
  /** Half an hour, three quarters past, two hours, at midnight, several a year; those that never change are no trouble. */
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'America/St_Johns',
    'America/Havana',
    'America/Santiago',
    'America/Nuuk',
    'Africa/Cairo',
    'Africa/Casablanca',
    'Antarctica/Troll',
    'Asia/Beirut',
    'Asia/Gaza',
    'Asia/Jerusalem',
    'Atlantic/Azores',
    'Australia/Lord_Howe',
    'Pacific/Chatham',
    'Pacific/Easter',
    'Pacific/Norfolk',
  ]
  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map((two) => `${Math.min(...two)}-${Math.max(...two)}`),
      fc.integer({ min: 2, max: 5 }).map((step) => `*/${step}`),
    )
  const night = fc.oneof(fc.constantFrom('0', '1', '2', '3', '23', '*', '0-4', '*/2'), field(0, 23))
  const days = fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, field(1, 28))
  const crons = fc
    .tuple(field(0, 59), night, days, fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, field(0, 6)))
    .map(([minute, hour, dom, dow]) => `${minute} ${hour} ${dom} * ${dow}`)

  test('around changes of all kinds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.nat(),
        crons,
        fc.constantFrom('next', 'skip', 'shift'),
        fc.constantFrom('first', 'both'),
        (timezone, which, cron, gap, fold) => {
          const changes = daysOfChange(timezone)
          const day = changes[which % changes.length] ?? 0
          const spec = specOf(cron, timezone, { dst: { gap, fold } })
          const ours = ticksBetween(spec, 'x', day - dayMs, day + 2 * dayMs)
          expect(ours.map(({ nominalMs, isDropped = false }) => ({ nominalMs, isDropped }))).toEqual(
            expectedTicks(spec, day - dayMs, day + 2 * dayMs),
          )
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a zone', () => {
  test.each([
    ['Africa/Casablanca', 2025, 2],
    ['Antarctica/Troll', 2026, 2],
    ['Europe/Berlin', 2026, 2],
    ['Asia/Tokyo', 2026, 0],
    // At the edge of what is looked up at once.
    ['Asia/Baku', 2012, 2],
  ])('%s in %i changes its clock %i times', (name, year, times) => {
    expect(zoneOf(name).transitionsBetween(Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))).toHaveLength(
      times,
    )
  })

  test.each([
    ['Europe/Berln', 'did you mean `Europe/Berlin`?'],
    ['Berlin', 'did you mean `Europe/Berlin`?'],
    ['new york', 'did you mean `America/New_York`?'],
    ['+02:00', '`Etc/GMT-2`'],
    ['UTC+2', '`Etc/GMT-2`'],
    ['Mars/Olympus', 'IANA names'],
    ['', 'IANA names'],
  ])('%j is none', (name, fix) => {
    expect(() => zoneOf(name)).toThrow(
      expect.objectContaining({ code: 'unknown_timezone', fix: expect.stringContaining(fix) }),
    )
  })
})
