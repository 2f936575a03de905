import { describe, expect, it } from 'vitest'
import {
  type BackfillRequest,
  type BackfillState,
  createBackfillState,
  decideTick,
  nextStep,
  noteAdvance,
  noteEnds,
  planLine,
  type Tick,
  type TickRun,
  tickRunId,
  ticksInOrder,
  viewBackfill,
} from '../../../src/schedule/plan/index.ts'

const tick: Tick = { nominalMs: 0, dueMs: 0 }
const newest = (status: TickRun['status']): TickRun => ({ id: 'run', status })
const request: BackfillRequest = { fromMs: 0, untilMs: 9, only: 'missing', order: 'oldest', maxActive: 2 }
const identity = { id: 'b', schedule: 's', pipeline: 'p' }
const ticks = (...at: number[]): Tick[] => at.map((nominalMs) => ({ nominalMs, dueMs: nominalMs }))
const advance = (overrides: Partial<Parameters<typeof noteAdvance>[1]> = {}) => ({
  ticks: 5,
  cursor: 1,
  isAtEnd: false,
  started: [],
  left: {},
  ...overrides,
})

describe('what becomes of a tick', () => {
  const run = 'run'
  it.each([
    // newest run, missing, failed, all
    [undefined, run, 'no_run', run],
    ['open', 'open', 'open', 'open'],
    ['completed', 'exists', 'completed', run],
    ['failed', 'exists', run, run],
    ['cancelled', 'exists', run, run],
  ] as const)('whose newest run is %s', (status, ...expected) => {
    const found = (['missing', 'failed', 'all'] as const).map((only) => {
      const decision = decideTick(tick, status && newest(status), only)
      return decision.action === 'run' ? run : decision.reason
    })
    expect(found).toEqual(expected)
  })

  it('that the policy for changes of the clock drops: nothing, whatever is asked for', () => {
    const dropped = (dst: 'gap' | 'second') => decideTick({ ...tick, dst, isDropped: true }, undefined, 'all')
    expect(dropped('gap')).toEqual({ action: 'leave', reason: 'dst_gap' })
    expect(dropped('second')).toEqual({ action: 'leave', reason: 'dst_fold' })
  })

  it('as a line of the plan', () => {
    expect(planLine(tick, newest('failed'), 'missing')).toEqual({
      nominal_at: '1970-01-01T00:00:00.000Z',
      run: 'run',
      status: 'failed',
      action: 'leave',
      reason: 'exists',
    })
    expect(planLine(tick, undefined, 'all')).toMatchObject({
      run: null,
      status: null,
      action: 'run',
      reason: null,
    })
  })
})

it('takes the ticks in their order, from where it was on', () => {
  const all = ticks(1, 2, 3, 4)
  const times = (order: 'oldest' | 'newest', after: number | null) =>
    ticksInOrder(all, order, after).map(({ nominalMs }) => nominalMs)
  expect([times('oldest', null), times('oldest', 2)]).toEqual([
    [1, 2, 3, 4],
    [3, 4],
  ])
  expect([times('newest', null), times('newest', 3), times('newest', 1)]).toEqual([[4, 3, 2, 1], [2, 1], []])
  expect([tickRunId('own', 1), tickRunId('own', 2)]).toEqual(['own', 'own-r2'])
})

describe('what a backfill does next', () => {
  const openRuns = [
    { nominalMs: 1, runId: 'a' },
    { nominalMs: 2, runId: 'b' },
  ]
  const step = (state: Partial<BackfillState>) =>
    nextStep({ ...createBackfillState(0, 5), ...state }, request)

  it('starts while there are places, then waits for ends', () => {
    expect(step({})).toBe('start')
    expect(step({ open: openRuns.slice(1) })).toBe('start')
    expect(step({ open: openRuns })).toBe('await')
    expect(step({ open: openRuns.slice(1), isAtEnd: true })).toBe('await')
    expect(step({ isAtEnd: true })).toBe('end')
  })

  it('paused, it waits for what is open, and then for a person', () => {
    expect(step({ paused: 'paused', open: openRuns })).toBe('await')
    expect(step({ paused: 'paused' })).toBe('rest')
    expect(step({ paused: 'paused', isAtEnd: true })).toBe('end')
  })

  it('cancelled, it starts nothing, and ends when nothing is open, paused or not', () => {
    expect(step({ cancelRequestedAtMs: 1, open: openRuns, paused: 'paused' })).toBe('cancel')
    expect(step({ cancelRequestedAtMs: 1 })).toBe('end')
  })
})

it('counts every tick once, and shows of many failures the first', () => {
  const state = createBackfillState(0, 200)
  for (let n = 0; n < 90; n += 1) {
    const runId = `run-${n}`
    noteAdvance(
      state,
      advance({ ticks: 200, cursor: n, started: [{ nominalMs: n, runId }], left: { exists: 1 } }),
    )
    const status = n < 60 ? 'failed' : n < 70 ? 'cancelled' : 'completed'
    noteEnds(state, [{ runId, status }])
    noteEnds(state, [{ runId, status: 'completed' }])
  }
  noteAdvance(
    state,
    advance({ ticks: 200, cursor: 90, started: [{ nominalMs: 90, runId: 'last' }], left: { open: 2 } }),
  )
  const view = viewBackfill(identity, request, state)
  expect(view.counts).toEqual({
    ticks: 200,
    waiting: 200 - 91 - 92,
    left: 92,
    open: 1,
    completed: 20,
    failed: 60,
    cancelled: 10,
  })
  expect(view.left_because).toEqual({ exists: 90, open: 2 })
  expect(view.failures).toHaveLength(50)
  expect(view.open_runs).toEqual([{ nominal_at: '1970-01-01T00:00:00.090Z', run: 'last' }])
})

it('says how it stands, and how it ended', () => {
  const status = (overrides: Partial<BackfillState>) =>
    viewBackfill(identity, request, { ...createBackfillState(0, 5), ...overrides }).status
  expect(status({})).toBe('running')
  expect(status({ paused: 'paused' })).toBe('paused')
  expect(status({ cancelRequestedAtMs: 1, paused: 'paused' })).toBe('cancelling')
  expect(status({ cancelRequestedAtMs: 1, finishedAtMs: 2 })).toBe('cancelled')
  expect(status({ finishedAtMs: 2 })).toBe('completed')
  expect(status({ finishedAtMs: 2, ended: { completed: 1, failed: 1, cancelled: 0 } })).toBe('failed')
  expect(status({ finishedAtMs: 2, ended: { completed: 1, failed: 0, cancelled: 1 } })).toBe('failed')
})
