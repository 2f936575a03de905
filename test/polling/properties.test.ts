import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WireJobRun, WireList } from '../../src/client/index.ts'
import { isTerminalStatus } from '../../src/contract/index.ts'
import { createPoller, leaseMs, type WaitEnd } from '../../src/polling/index.ts'
import { Lookout } from '../../src/polling/lookout.ts'
import type { Failure, Look } from '../../src/polling/looks.ts'
import { blankRun, FakeApi, refusal, VirtualClock } from './virtual-time.ts'

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const listingMs = 10_000
const requestsPerSecond = 5

type Item = { uuid: string; status: string }
type Reply =
  | { kind: 'items'; items: Item[]; count: number | undefined; cursor: string | undefined }
  | { kind: 'failure'; failure: Failure }

const item = fc.record({
  uuid: fc.constantFrom(...ids, 'stranger'),
  status: fc.constantFrom('pending', 'running', 'paused', 'queued', 'completed', 'failed', 'cancelled'),
})
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({
    kind: fc.constant('items' as const),
    items: fc.array(item, { maxLength: 10 }),
    count: fc.option(fc.nat(12), { nil: undefined }),
    cursor: fc.option(fc.constantFrom('x', 'y'), { nil: undefined, freq: 8 }),
  }),
  fc.record({
    kind: fc.constant('failure' as const),
    failure: fc
      .tuple(
        fc.constantFrom(
          'missing',
          'missing',
          'refused',
          'too_large',
          'throttled',
          'away',
          'unclear' as const,
        ),
        fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined }),
      )
      .map(([kind, retryAfterMs]) => ({
        kind: kind as Failure['kind'],
        message: 'said so',
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      })),
  }),
)

interface Sent {
  look: Look
  dueMs: number
}

/** Runs a lookout against given answers in their own time, and notes all that it was told and said. */
function converse(replies: readonly Reply[], latencies: readonly number[]) {
  let nowMs = 0
  const lookout = new Lookout({ requestsPerSecond, listingMs, random: () => 0.5, nowMs })
  for (const id of ids) lookout.add(id, '2026-04-13T10:11:00.000000', nowMs)
  const sentMs: number[] = []
  const underWay: Sent[] = []
  const missing = new Map<string, number[]>()
  const ended = new Map<string, WaitEnd>()
  let serial = 0

  function answer({ look }: Sent, given: Reply | undefined): void {
    const chosen = given ?? honest
    if (chosen.kind === 'failure' && !(look.kind === 'list' && chosen.failure.kind === 'missing')) {
      if (look.kind === 'get' && chosen.failure.kind === 'missing')
        missing.set(look.key, [...(missing.get(look.key) ?? []), look.sentMs])
      note(lookout.failed(look, chosen.failure, nowMs).ends, [])
      return
    }
    const items = chosen.kind === 'items' ? chosen.items : []
    if (look.kind === 'get') {
      const shown = items.find(({ uuid }) => uuid === look.key) ?? { uuid: look.key, status: 'running' }
      const isOther = items[0]?.uuid === 'stranger'
      const run = blankRun(isOther ? { uuid: 'stranger', status: 'completed' } : shown)
      if (!isOther) missing.delete(look.key)
      note(lookout.answered(look, { kind: 'run', run }, nowMs).ends, [run])
      return
    }
    const list: WireList<WireJobRun> = { items: items.map(blankRun) }
    if (chosen.kind === 'items' && chosen.count !== undefined) list.count = chosen.count
    if (chosen.kind === 'items' && chosen.cursor !== undefined) list.next_cursor = chosen.cursor
    for (const { uuid } of list.items) missing.delete(uuid)
    note(lookout.answered(look, { kind: 'list', list, cpuMs: 0 }, nowMs).ends, list.items)
  }

  function note(ends: { key: string; end: WaitEnd }[], shown: WireJobRun[]): void {
    for (const { key, end } of ends) {
      expect(ended.has(key)).toBe(false)
      ended.set(key, end)
      if (end.kind === 'ended') {
        expect(end.run.uuid).toBe(key)
        expect(shown).toContain(end.run)
        expect(isTerminalStatus(end.run.status)).toBe(true)
        continue
      }
      const times = missing.get(key) ?? []
      expect(times.length).toBeGreaterThanOrEqual(3)
      expect(nowMs - (times[0] ?? nowMs)).toBeGreaterThanOrEqual(listingMs)
    }
  }

  /** After the given answers the server tells the truth: all runs have completed. */
  const honest: Reply = {
    kind: 'items',
    items: ids.map((uuid) => ({ uuid, status: 'completed' })),
    count: ids.length,
    cursor: undefined,
  }
  while (lookout.size > 0) {
    const step = lookout.next(nowMs)
    if (step.kind === 'look') {
      sentMs.push(nowMs)
      underWay.push({ look: step.look, dueMs: nowMs + (latencies[serial % latencies.length] ?? 10) })
      serial += 1
      continue
    }
    underWay.sort((a, b) => a.dueMs - b.dueMs)
    const [first] = underWay
    if (first && first.dueMs <= step.untilMs) {
      underWay.shift()
      nowMs = Math.max(nowMs, first.dueMs)
      answer(first, replies[sentMs.length - 1 - underWay.length])
    } else {
      // Somebody always has something to wait for.
      expect(step.untilMs).toBeLessThan(Number.POSITIVE_INFINITY)
      expect(step.untilMs).toBeGreaterThan(nowMs)
      nowMs = step.untilMs
    }
    expect(nowMs).toBeLessThan(3_600_000)
  }
  return { ended, sentMs }
}

test('whatever the answers are: no end without its own, each run is looked at again, and the budget holds', () => {
  fc.assert(
    fc.property(
      fc.array(reply, { maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 8 }),
      (replies, latencies) => {
        const { ended, sentMs } = converse(replies, latencies)
        expect([...ended.keys()].toSorted()).toEqual(ids)
        for (const [index, from] of sentMs.entries())
          for (let other = index + 1; other < sentMs.length; other++) {
            const spanMs = (sentMs[other] ?? 0) - from
            expect(other - index).toBeLessThanOrEqual(5 + (spanMs * requestsPerSecond) / 1000)
          }
      },
    ),
    { numRuns: 300 },
  )
})

const habits = fc.record({
  cap: fc.constantFrom(1_000, 3, 10),
  drop: fc.constantFrom(0, 2, 3),
  lagMs: fc.constantFrom(0, 0, 3_000),
  count: fc.constantFrom('right', 'total', 'none', 'zero'),
  ignored: fc.subarray(['statuses', 'created_after']),
  refused: fc.constantFrom('nothing', 'statuses', 'created_after', 'lists'),
  pageSize: fc.constantFrom(0, 4),
  latencyMs: fc.constantFrom(2, 50, 900),
})
const lengths = fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 40 })

test('whatever habits lists have, every end is found, none before it happened', async () => {
  await fc.assert(
    fc.asyncProperty(habits, lengths, async (habit, durations) => {
      const clock = new VirtualClock()
      const api = new FakeApi(clock)
      api.latencyMs = habit.latencyMs
      api.ignored = habit.ignored
      api.fault = ({ kind, query }) =>
        kind === 'list' && (habit.refused === 'lists' || query?.[habit.refused] !== undefined)
          ? refusal(422, 'not known here')
          : 'proceed'
      api.listLagMs = habit.lagMs
      api.listed = (items, { cursor }) => {
        const kept = items
          .filter((_, index) => habit.drop === 0 || index % habit.drop !== 0)
          .slice(0, habit.cap)
        const from = Number(cursor ?? 0)
        const page = habit.pageSize === 0 ? kept : kept.slice(from, from + habit.pageSize)
        const counts = { right: page.length, total: items.length, zero: 0, none: undefined }
        const count = counts[habit.count as keyof typeof counts]
        const isMore = habit.pageSize > 0 && from + habit.pageSize < kept.length
        return {
          items: page,
          ...(count !== undefined && { count }),
          ...(isMore && { next_cursor: String(from + habit.pageSize) }),
        }
      }
      const found = new Map<string, string>()
      const poller = createPoller(
        {
          api,
          onWarning: () => {},
          async deliver(id, end) {
            expect(end.kind).toBe('ended')
            expect(isTerminalStatus(api.runs.get(id)?.status ?? '')).toBe(true)
            expect(found.has(id)).toBe(false)
            found.set(id, end.kind)
            return 'delivered'
          },
        },
        clock,
      )
      for (const [index, duration] of durations.entries()) {
        const id = `run-${index}`
        poller.add({ id, ...api.start(id) })
        clock.after(duration, () => api.end(id, index % 2 === 0 ? 'completed' : 'failed'))
      }
      // All ends, a stretched interval, and a round of all by themselves.
      await clock.pass(40_000 + 60_000 + durations.length * 1_000)
      expect(found.size).toBe(durations.length)
      expect(api.requests.length / (clock.now() / 1000)).toBeLessThanOrEqual(5.1)
    }),
    { numRuns: 60 },
  )
})

test('the lease follows the load', () => {
  expect([0, 100, 375, 1_000, 7_500, 10_000].map(leaseMs)).toEqual([
    30_000, 30_000, 30_000, 80_000, 600_000, 600_000,
  ])
})
