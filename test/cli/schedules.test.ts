import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyHandler } from '../../src/cli/commands/schedules/apply.ts'
import { ledgerHandler } from '../../src/cli/commands/schedules/ledger.ts'
import { listHandler } from '../../src/cli/commands/schedules/list.ts'
import { showHandler } from '../../src/cli/commands/schedules/show.ts'
import { simulateHandler } from '../../src/cli/commands/schedules/simulate.ts'
import {
  deleteHandler,
  pauseHandler,
  resumeHandler,
  triggerHandler,
} from '../../src/cli/commands/schedules/steer.ts'
import type { ScheduleChange, ScheduleView, TickRow } from '../../src/contract/schedules/view.ts'
import type { NewSchedule } from '../../src/schedules/index.ts'
import { scriptedContext } from './helpers.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'jobwright-schedules-'))
  const steps = 'steps: { s: { job_type: sleep, config: { duration: 1s } } }'
  const files = {
    'nightly.yaml': `name: nightly\nschedule: { cron: "30 2 * * *", timezone: Europe/Berlin }\n${steps}\n`,
    'two.yaml': `name: two\nschedule:\n  - { name: early, cron: "0 4 * * *", timezone: UTC }\n  - { name: often, every: 10m, overlap: skip }\n${steps}\n`,
    'never.yaml': `name: never\n${steps}\n`,
    'broken.yaml': `name: broken\nschedule: { cron: "0 0 2 * * *" }\n${steps}\n`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(cwd, name), text)
})
afterAll(() => rm(cwd, { recursive: true }))

const view: ScheduleView = {
  name: 'nightly',
  pipeline: 'nightly',
  pipeline_version: null,
  workspace: 'blue',
  owner: 'ada@example.com',
  cron: '30 2 * * *',
  every: null,
  timezone: 'Europe/Berlin',
  dst: { gap: 'next', fold: 'first' },
  jitter: null,
  until: null,
  overlap: 'skip',
  catch_up: { window: '1h', keep: 'last' },
  inputs: {},
  paused: false,
  paused_because: null,
  pause_origin: null,
  revision: 1,
  next_at: ['2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z'],
  buffered_at: [],
  open_runs: ['nightly-20260327T013000Z-0a1b2c'],
  last: null,
  warnings: ['its schedule in Temporal is gone'],
}
const change: ScheduleChange = {
  name: 'nightly',
  change: 'updated',
  dry_run: false,
  differences: [{ field: 'cron', before: '0 1 * * *', after: '30 2 * * *' }],
  next_before: ['2026-03-28T00:00:00.000Z'],
  next_after: view.next_at,
  timezone: 'Europe/Berlin',
  paused: false,
  schedule: view,
  warnings: [],
}
const row = (nominal_at: string, more: Partial<TickRow> = {}): TickRow => ({
  schedule: 'nightly',
  nominal_at,
  due_at: nominal_at,
  decided_at: nominal_at,
  outcome: 'fired',
  reason: null,
  run: 'nightly-1',
  late_seconds: null,
  ...more,
})

describe('schedule apply', () => {
  const applying = (options: { output?: 'text' | 'json' } = {}) => {
    const asked: [string, NewSchedule][] = []
    const nameOf = ({ schedule }: NewSchedule) => (typeof schedule === 'object' ? schedule.name : '')
    const answer = (verb: string) => async (schedule: NewSchedule) => {
      asked.push([verb, schedule])
      return { ...change, name: nameOf(schedule), dry_run: verb === 'plan' }
    }
    const ctx = scriptedContext({
      cwd,
      ...options,
      schedules: { plan: answer('plan'), apply: answer('apply') },
    })
    return { ctx, asked: () => asked.map(([verb, schedule]) => `${verb} ${nameOf(schedule)}`) }
  }

  test('says what changes, in the zone of the schedule, before it changes it', async () => {
    const { ctx, asked } = applying()
    expect(await applyHandler({ file: 'nightly.yaml' }, ctx)).toBe(0)
    expect(asked()).toEqual(['plan nightly', 'apply nightly'])
    expect(ctx.stdout.text.split('\n')).toEqual([
      'nightly changes',
      '  cron: 0 1 * * * → 30 2 * * *',
      '  next times (Europe/Berlin):',
      '    BEFORE                     AFTER',
      '    2026-03-28 01:00:00+01:00  2026-03-28 02:30:00+01:00',
      '    -                          2026-03-29 03:00:00+02:00',
      'nightly: changed',
      '',
    ])
  })

  test('takes all of a file, or those that are named, and a dry run changes nothing', async () => {
    const all = applying()
    await applyHandler({ file: 'two.yaml' }, all.ctx)
    expect(all.asked()).toEqual(['plan early', 'plan often', 'apply early', 'apply often'])
    const one = applying({ output: 'json' })
    await applyHandler({ file: 'two.yaml', only: ['often'], dryRun: true }, one.ctx)
    expect(one.asked()).toEqual(['plan often'])
    expect(JSON.parse(one.ctx.stdout.text)).toMatchObject({
      items: [{ name: 'often', dry_run: true }],
      count: 1,
    })
    expect(one.ctx.stderr.text).toContain('nothing was changed')
  })

  test.each([
    [{ file: 'never.yaml' }, 'no_schedule', 'schedule: {'],
    [{ file: 'two.yaml', only: ['ofen'] }, 'unknown_schedule', 'did you mean `often`?'],
  ])('%o is refused, with what to write', async (args, code, fix) => {
    const { ctx, asked } = applying()
    await expect(applyHandler(args, ctx)).rejects.toMatchObject({ code, fix: expect.stringContaining(fix) })
    expect(asked()).toEqual([])
  })

  test('a file with an error applies nothing', async () => {
    const { ctx, asked } = applying()
    expect(await applyHandler({ file: 'broken.yaml' }, ctx)).toBe(2)
    expect(ctx.stderr.text).toMatch(/broken\.yaml:2:\d+/)
    expect(asked()).toEqual([])
  })
})

test('schedule list and show say when, what is open, and what is amiss on stderr', async () => {
  const ctx = scriptedContext({
    schedules: { list: async () => ({ schedules: [view], nextCursor: 'more' }), show: async () => view },
  })
  expect(await listHandler({ limit: 1 }, ctx)).toBe(0)
  expect(ctx.stdout.text).toMatch(/^NAME +PIPELINE +STATUS +WHEN/)
  expect(ctx.stdout.text).toContain('30 2 * * * Europe/Berlin')
  expect(ctx.stderr.text).toContain('warning: nightly: its schedule in Temporal is gone\n')
  expect(ctx.stderr.text).toContain('--limit')
  expect(await showHandler({ name: 'nightly' }, ctx)).toBe(0)
  expect(ctx.stdout.text).toContain('2026-03-28 02:30:00+01:00, 2026-03-29 03:00:00+02:00')
  expect(ctx.stdout.text).toContain('nightly-20260327T013000Z-0a1b2c')
})

describe('schedule ledger', () => {
  const rows = [
    row('2026-03-28T01:30:00.000Z'),
    row('2026-03-29T01:00:00.000Z', { outcome: 'missed', reason: 'outage', run: null, late_seconds: 7_200 }),
  ]

  test('is a table, CSV or JSON, and says how late', async () => {
    const read: unknown[] = []
    const schedules = {
      ledger: async (_: string, options: unknown) => {
        read.push(options)
        return rows
      },
    }
    const ctx = scriptedContext({ schedules })
    const range = { since: '2026-03-28', until: '2026-03-30', outcome: ['fired', 'missed'] }
    expect(await ledgerHandler({ name: 'nightly', ...range }, ctx)).toBe(0)
    expect(ctx.stdout.text).toMatch(/missed +outage +2h00m +-\n$/)
    expect(read).toMatchObject([
      { from: new Date('2026-03-28'), until: new Date('2026-03-30'), outcomes: ['fired', 'missed'] },
    ])
    const csv = scriptedContext({ schedules })
    await ledgerHandler({ name: 'nightly', format: 'csv' }, csv)
    expect(csv.stdout.text.split('\r\n')).toEqual([
      'schedule,nominal_at,due_at,decided_at,outcome,reason,run,late_seconds',
      'nightly,2026-03-28T01:30:00.000Z,2026-03-28T01:30:00.000Z,2026-03-28T01:30:00.000Z,fired,,nightly-1,',
      'nightly,2026-03-29T01:00:00.000Z,2026-03-29T01:00:00.000Z,2026-03-29T01:00:00.000Z,missed,outage,,7200',
      '',
    ])
    const json = scriptedContext({ schedules, output: 'json' })
    await ledgerHandler({ name: 'nightly' }, json)
    expect(JSON.parse(json.stdout.text)).toEqual({ items: rows, count: 2 })
  })

  test.each([
    [{ since: 'yesterday' }, 'bad_time', '--since yesterday'],
    [{ until: 'noon' }, 'bad_time', '--until noon'],
    [{ outcome: ['done'] }, 'unknown_outcome', 'done'],
  ])('%o is refused, with what to write', async (args, code, said) => {
    const ctx = scriptedContext()
    await expect(ledgerHandler({ name: 'nightly', ...args }, ctx)).rejects.toMatchObject({
      code,
      fault: 'usage',
      message: expect.stringContaining(said),
    })
  })
})

describe('schedule simulate', () => {
  test('shows clock changes of a file without asking anybody', async () => {
    const ctx = scriptedContext({ cwd })
    const range = { from: '2026-03-28', until: '2026-03-31' }
    expect(await simulateHandler({ target: 'nightly.yaml', ...range }, ctx)).toBe(0)
    expect(ctx.stdout.text.split('\n')).toEqual([
      'nightly (Europe/Berlin)',
      'TIME                       CLOCK CHANGE           BECOMES',
      '2026-03-28 02:30:00+01:00  -                      a run',
      '2026-03-29 03:00:00+02:00  does not exist: moved  a run',
      '2026-03-30 02:30:00+02:00  -                      a run',
      '',
    ])
  })

  test('plays the overlap policy through', async () => {
    const ctx = scriptedContext({ cwd, output: 'json' })
    const args = { target: 'two.yaml', only: ['often'], from: '2026-03-28', count: 4, assume: '25m' }
    expect(await simulateHandler(args, ctx)).toBe(0)
    const [{ ticks }] = JSON.parse(ctx.stdout.text).items
    expect(ticks.map(({ outcome, reason }: TickRow) => [outcome, reason])).toEqual([
      ['fired', null],
      ['skipped', 'overlap'],
      ['skipped', 'overlap'],
      ['fired', null],
    ])
    expect(ticks[0]).toMatchObject({
      starts_at: '2026-03-28T00:00:00.000Z',
      ends_at: '2026-03-28T00:25:00.000Z',
    })
  })

  test('of a schedule says with 1 that Temporal has other times', async () => {
    const simulation = {
      schedule: 'nightly',
      timezone: 'UTC',
      overlap: 'skip',
      assume: null,
      ticks: [],
      compared: true,
      differences: [{ at: '2026-03-28T01:30:00.000Z', only_in: 'temporal' as const }],
      warnings: [],
    }
    const ctx = scriptedContext({ cwd, schedules: { simulate: async () => simulation } })
    expect(await simulateHandler({ target: 'nightly' }, ctx)).toBe(1)
    expect(ctx.stderr.text).toContain('2026-03-28T01:30:00.000Z (only in temporal)')
  })

  test.each([
    [{ assume: 'long' }, 'bad_duration'],
    [{ from: 'monday' }, 'bad_time'],
    [{ from: '2026-03-28', until: '2026-03-28' }, 'empty_range'],
    [{ count: 3, until: '7d' }, 'bad_usage'],
  ])('%o is refused, with what to write', async (args, code) => {
    const ctx = scriptedContext({ cwd })
    await expect(simulateHandler({ target: 'nightly.yaml', ...args }, ctx)).rejects.toMatchObject({
      code,
      fault: 'usage',
      fix: expect.stringMatching(/./),
    })
  })
})

test('schedule pause, resume, trigger and delete say what they did', async () => {
  const paused = { ...view, paused: true, paused_because: 'paused by ada@example.com: repairs', next_at: [] }
  const ctx = scriptedContext({
    schedules: {
      pause: async () => paused,
      resume: async () => view,
      trigger: async () => ({ run: 'nightly-manual-abc', existed: false }),
      delete: async () => view,
    },
  })
  await pauseHandler({ name: 'nightly', note: 'repairs' }, ctx)
  await resumeHandler({ name: 'nightly' }, ctx)
  await triggerHandler({ name: 'nightly', input: ['size=3'] }, ctx)
  await deleteHandler({ name: 'nightly' }, ctx)
  const [first, second, third, fourth] = ctx.stdout.text.split('\n')
  expect(first).toBe('nightly is paused by ada@example.com: repairs')
  expect(second).toMatch(/^nightly goes on: next at 2026-03-28 /)
  expect(third).toBe('nightly-manual-abc')
  expect(fourth).toBe('nightly is deleted; 1 run of it goes on')
  expect(ctx.stderr.text).toContain('jobwright schedule resume nightly')
})
