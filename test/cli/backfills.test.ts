import { describe, expect, test } from 'vitest'
import { followBackfill } from '../../src/cli/commands/backfills/follow.ts'
import { listBackfillsHandler } from '../../src/cli/commands/backfills/list.ts'
import { backfillHandler } from '../../src/cli/commands/backfills/start.ts'
import {
  cancelBackfillHandler,
  pauseBackfillHandler,
  resumeBackfillHandler,
  showBackfillHandler,
} from '../../src/cli/commands/backfills/steer.ts'
import type { Schedules } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/main.ts'
import type { BackfillView } from '../../src/contract/schedules/backfills.ts'
import type { StartBackfill } from '../../src/schedules/index.ts'
import { scriptedContext } from './helpers.ts'

const id = 'nightly-backfill-0a1b2c3d'
const view = (overrides: Partial<BackfillView> = {}): BackfillView => ({
  id,
  schedule: 'nightly',
  from: '2026-04-01T00:00:00.000Z',
  until: '2026-05-01T00:00:00.000Z',
  only: 'missing',
  order: 'oldest',
  max_active: 2,
  pipeline: 'nightly',
  workspace: 'blue',
  owner: 'ada@example.com',
  status: 'running',
  started_at: '2026-05-02T00:00:00.000Z',
  finished_at: null,
  paused_because: null,
  counts: { ticks: 30, waiting: 16, left: 2, open: 2, completed: 10, failed: 0, cancelled: 0 },
  left_because: { exists: 2 },
  open_runs: [{ nominal_at: '2026-04-13T00:00:00.000Z', run: 'nightly-20260413' }],
  failures: [],
  warnings: [],
  ...overrides,
})
const failure = { nominal_at: '2026-04-02T00:00:00.000Z', run: 'nightly-20260402', status: 'failed' } as const
const over = (status: BackfillView['status'], overrides: Partial<BackfillView> = {}) =>
  view({
    status,
    finished_at: '2026-05-02T01:00:00.000Z',
    counts: { ticks: 30, waiting: 0, left: 2, open: 0, completed: 28, failed: 0, cancelled: 0 },
    open_runs: [],
    ...overrides,
  })
const failed = over('failed', {
  counts: { ticks: 30, waiting: 0, left: 2, open: 0, completed: 27, failed: 1, cancelled: 0 },
  failures: [failure],
})

async function* playing(...views: BackfillView[]): AsyncGenerator<BackfillView> {
  yield* views
}
const watching = (...views: BackfillView[]): Partial<Schedules> => ({
  watchBackfill: () => playing(...views),
})

describe('following', () => {
  test.each([
    ['completed', over('completed'), 0],
    ['failed', failed, 1],
    ['cancelled', over('cancelled'), 4],
  ] as const)('of one that ends %s', async (_, last, code) => {
    const ctx = scriptedContext({ schedules: watching(view(), last) })
    const { schedules } = await ctx.connect()
    expect(await followBackfill(schedules, id, ctx)).toBe(code)
    expect(ctx.stderr.text).toContain('10 of 28 done, 2 open, 16 to come, 2 left as they are')
    expect(ctx.stdout.text).toContain(`${id} ${last.status}: `)
    expect(ctx.stdout.text).toContain('2 times left: it has a run')
  })

  test('names each failure once, and says how to run those again', async () => {
    const ctx = scriptedContext({ schedules: watching(view(), view({ failures: [failure] }), failed) })
    const { schedules } = await ctx.connect()
    await followBackfill(schedules, id, ctx)
    expect(ctx.stderr.text.match(/failed nightly-20260402/g)).toHaveLength(1)
    expect(ctx.stdout.text).toContain(
      'jobwright schedule backfill nightly --from 2026-04-01T00:00:00.000Z --until 2026-05-01T00:00:00.000Z --only failed',
    )
  })

  test('Ctrl-C lets go of it, and says how to come back', async () => {
    const interrupt = new AbortController()
    const schedules: Partial<Schedules> = {
      async *watchBackfill() {
        yield view()
        interrupt.abort()
        throw interrupt.signal.reason
      },
    }
    const ctx = { ...scriptedContext({ schedules }), signal: interrupt.signal }
    expect(await followBackfill((await ctx.connect()).schedules, id, ctx)).toBe(130)
    expect(ctx.stderr.text).toContain(`jobwright backfill watch ${id}\n  jobwright backfill cancel ${id}`)
    expect(ctx.stdout.text).toBe('')
  })

  test('has the view alone on stdout as JSON', async () => {
    const ctx = scriptedContext({ schedules: watching(failed), output: 'json' })
    await followBackfill((await ctx.connect()).schedules, id, ctx)
    expect(JSON.parse(ctx.stdout.text)).toEqual(failed)
  })
})

describe('starting', () => {
  const started = { id, existed: false, ticks: 30, warnings: ['Temporal keeps what has ended for 3 days'] }

  test('passes on what was asked, and follows', async () => {
    const asked: StartBackfill[] = []
    const schedules: Partial<Schedules> = {
      ...watching(over('completed')),
      backfill: async (_, options) => {
        asked.push(options)
        return started
      },
    }
    const ctx = scriptedContext({ schedules })
    const args = {
      name: 'nightly',
      from: '7d',
      until: '2026-05-01',
      only: 'all',
      maxActive: 3,
      yes: true,
    } as const
    expect(await backfillHandler(args, ctx)).toBe(0)
    const from = new Date(ctx.now() - 7 * 86_400_000)
    expect(asked).toMatchObject([{ from, until: '2026-05-01', only: 'all', maxActive: 3, isConfirmed: true }])
    expect(ctx.stderr.text).toContain(`warning: ${started.warnings[0]}`)
    expect(ctx.stderr.text).toContain(`started ${id}: 30 times of nightly`)
  })

  test('--detach prints the id and leaves', async () => {
    const ctx = scriptedContext({ schedules: { backfill: async () => started } })
    expect(await backfillHandler({ name: 'nightly', from: '2026-04-01', detach: true }, ctx)).toBe(0)
    expect(ctx.stdout.text).toBe(`${id}\n`)
    expect(ctx.stderr.text).toContain(`jobwright backfill watch ${id}`)
  })

  test('--plan lists what would run and why not, and starts nothing', async () => {
    const { schedule, from, until, only, order, max_active } = view()
    const plan = {
      ...{ schedule, from, until, only, order, max_active, runs: 1, warnings: [] },
      lines: [
        { nominal_at: from, run: null, status: null, action: 'run', reason: null },
        {
          nominal_at: failure.nominal_at,
          run: failure.run,
          status: 'failed',
          action: 'leave',
          reason: 'exists',
        },
      ],
    } as const
    const planBackfill = async () => structuredClone(plan) as never
    const ctx = scriptedContext({ schedules: { planBackfill } })
    expect(await backfillHandler({ name: 'nightly', from: '2026-04-01', plan: true }, ctx)).toBe(0)
    expect(ctx.stdout.text).toMatch(
      /^TIME +WOULD +BECAUSE +STATUS +RUN\n.+run +- +- +-\n.+leave +it has a run +failed +nightly-20260402\n$/,
    )
    expect(ctx.stderr.text).toContain('1 of 2 times would run, 2 at once; nothing was started')
    expect(ctx.stderr.text).toContain('--only failed')
  })

  test('a choice that there is not, and a range without a beginning, are bad usage', async () => {
    for (const args of [
      ['--from', '2026-04-01', '--only', 'some'],
      [],
      ['--from', '7d', '--max-active', '0'],
    ]) {
      const ctx = scriptedContext()
      expect(await runCli(['schedule', 'backfill', 'nightly', ...args], ctx)).toBe(2)
    }
  })
})

test('shows, lists and steers', async () => {
  const paused = view({ status: 'paused', paused_because: 'paused by ada@example.com: too much' })
  const ctx = scriptedContext({
    schedules: {
      showBackfill: async () => failed,
      backfills: async () => [failed, over('completed')],
      pauseBackfill: async () => paused,
      resumeBackfill: async () => view(),
      cancelBackfill: async () => undefined,
      ...watching(over('cancelled')),
    },
  })
  expect(await showBackfillHandler({ id }, ctx)).toBe(0)
  expect(ctx.stdout.text).toMatch(/progress +28 of 28 done \(1 failed\), 2 left as they are\n/)
  expect(await listBackfillsHandler({ name: 'nightly', limit: 20 }, ctx)).toBe(0)
  expect(ctx.stdout.text).toMatch(new RegExp(`${id} +failed .+ 28/28 +1 `))
  expect(await pauseBackfillHandler({ id }, ctx)).toBe(0)
  expect(ctx.stdout.text).toContain(`${id} is paused by ada@example.com: too much: 10 of 28 done`)
  expect(await resumeBackfillHandler({ id }, ctx)).toBe(0)
  expect(await cancelBackfillHandler({ id }, ctx)).toBe(0)
  expect(ctx.stdout.text).toContain(`${id} cancelled: `)
})
