import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { verdictOf } from '../../bench/comparisons.ts'
import { durationsOf, runAll } from '../../bench/load.ts'
import { measureWorkload } from '../../bench/measure.ts'
import { readOptions } from '../../bench/options.ts'
import { renderPage } from '../../bench/page.ts'
import { renderReport } from '../../bench/report.ts'
import type { ArmResult, Results, WorkloadResult } from '../../bench/results.ts'
import { quantile, ratios } from '../../bench/statistics.ts'
import { ratiosOf, spread } from '../../bench/tables.ts'

const arm = (name: string, wallMs: readonly number[], cpuMs: Record<string, number> = {}): ArmResult => ({
  name,
  title: `title of ${name}`,
  samples: wallMs.map((ms) => ({ wallMs: ms, cpuMs, latenessMs: [] })),
  counts: {},
})

const chain = (...arms: ArmResult[]): WorkloadResult => ({
  name: 'chain',
  title: 'Chains',
  steps: 100,
  runs: 10,
  countedSteps: 20,
  arms,
})

describe('what a bench found', () => {
  test('is told by medians and middle halves, between the values where there is none in the middle', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(spread([1, 2, 3, 4, 5])).toBe('3.00 (2.00–4.00)')
    expect(spread([Number.NaN])).toBe('–')
  })

  test('is compared block by block, so that a slow block of both counts for neither', () => {
    expect(ratios([10, 100], [20, 200])).toEqual([0.5, 0.5])
    const result = chain(
      arm('temporal1', [20, 200], { worker: 10, Temporal: 10 }),
      arm('ours', [10, 100], { worker: 10, Temporal: 5 }),
      arm('ours-before', [40, 400], { worker: 20, Temporal: 10 }),
    )
    expect(ratiosOf(result).map(({ title, base, wall, cpu }) => ({ title, base, wall, cpu }))).toEqual([
      { title: 'title of ours', base: 'title of ours-before', wall: [0.25, 0.25], cpu: [0.5, 0.5] },
      { title: 'title of ours', base: 'title of temporal1', wall: [0.5, 0.5], cpu: [0.75, 0.75] },
      { title: 'title of ours-before', base: 'title of temporal1', wall: [2, 2], cpu: [1.5, 1.5] },
    ])
  })

  test('is reported with what it was measured on, each arm, and what was left out', () => {
    const counted: ArmResult = {
      ...arm('stack-pg', [1_000], { worker: 300, PostgreSQL: 100 }),
      counts: {
        events: 130,
        workflowTasks: 22,
        requests: { 'POST /jobs': 20, 'POST /job-runs': 20 },
        statements: 180,
      },
    }
    const results: Results = {
      date: '2026-01-02T03:04:05.000Z',
      command: 'npm run bench',
      commit: 'abc',
      baseline: undefined,
      machine: 'a machine',
      loadBefore: 0.1,
      loadAfter: 2,
      rounds: 1,
      workloads: [chain(counted)],
      skipped: [{ arm: 'dbos', why: 'offline' }],
      waiting: [],
      kills: [],
      memory: [],
      installedMiB: 1,
    }
    const report = renderReport(results)
    expect(report).toContain('# Bench, 2026-01-02')
    expect(report).toContain('Left out: dbos. offline')
    expect(report).toContain(
      '| title of stack-pg | 10.0 (10.0–10.0) | 100 | 4.0 (4.0–4.0) | worker 3.0, PostgreSQL 1.0 |',
    )
    // As many as the floor of one run that the page states: 5 + 6n events, 1 + n workflow tasks.
    expect(report).toContain(
      'Counted on 2 runs:\n\n| arm | events a run | events a step | workflow tasks a run |',
    )
    expect(report).toContain('| title of stack-pg | 65 | 6.5 | 11 | 2.0 | POST 2.0 | 9.0 |')
    const odd = chain({ ...counted, counts: { events: 119, workflowTasks: 22 } })
    expect(renderPage({ ...results, workloads: [odd] }, 'r')).toContain('| 59.5 | 6.0 | 11 | – |')
    const single = { ...odd, countedSteps: 10 }
    expect(renderPage({ ...results, workloads: [single] }, 'r')).toContain('Counted on one run:')
  })
})

describe('a load', () => {
  test('has durations spread over all of its job runs', () => {
    expect(durationsOf({ shape: 'fan', steps: 2, runs: 2, atOnce: 1, durationMs: [100, 400] })).toEqual([
      ['100ms', '200ms'],
      ['300ms', '400ms'],
    ])
    expect(durationsOf({ shape: 'chain', steps: 1, runs: 1, atOnce: 1, durationMs: [1, 9] })).toEqual([
      ['1ms'],
    ])
  })

  test('is taken by the arms in turn, and backwards in every other block', async () => {
    const order: string[] = []
    const load = { shape: 'chain', steps: 1, runs: 3, atOnce: 2, durationMs: [1, 1] } as const
    const taking = (name: string) => ({
      name,
      title: name,
      processes: [],
      run: async () => {
        order.push(name)
        return { wallMs: 1, endedAtMs: [], ids: [] }
      },
      stop: async () => undefined,
    })
    const workload = {
      name: 'w',
      title: 'w',
      load,
      warm: load,
      kinds: ['orchestrator'],
      isLong: false,
    } as const
    await measureWorkload(workload, [taking('a'), taking('b')], {
      rounds: 2,
      ends: () => [],
      say: () => undefined,
    })
    expect(order).toEqual(['a', 'b', 'a', 'b', 'b', 'a'])
  })

  test('never has more runs at once than it says', async () => {
    let [now, most] = [0, 0]
    const done = await runAll(
      { shape: 'chain', steps: 1, runs: 5, atOnce: 2, durationMs: [1, 1] },
      async () => {
        now += 1
        most = Math.max(most, now)
        await new Promise(setImmediate)
        now -= 1
        return 'id'
      },
    )
    expect({ most, ended: done.endedAtMs.length, ids: done.ids.length }).toEqual({
      most: 2,
      ended: 5,
      ids: 5,
    })
  })
})

describe('the command line', () => {
  test('takes another checkout for the same arms as ours', () => {
    expect(readOptions(['--only', 'chain', '--arms', 'stack,ours']).arms).toEqual(['ours', 'stack'])
    expect(readOptions(['--baseline', '../other']).arms).toEqual([
      'ours',
      'ours-before',
      'temporal1',
      'temporal3',
      'plain',
      'stack',
      'stack-before',
    ])
    expect(() => readOptions(['--arms', 'ours-before'])).toThrow('needs --baseline')
    expect(() => readOptions(['--only', 'chian'])).toThrow('chian is none of chain, fan')
  })
})

describe('the page about performance', () => {
  test('sorts what is ahead and what is behind by the figures', () => {
    const comparison = (...all: number[]) => ({ load: 'l', measure: 'm', against: 'a', ratios: all })
    expect(verdictOf(comparison(0.5, 0.6, 0.7))).toBe('ahead')
    expect(verdictOf(comparison(1.2, 1.3, 1.4))).toBe('behind')
    expect(verdictOf(comparison(0.5, 1.2, 3))).toBe('even')
    expect(verdictOf(comparison(0.97))).toBe('even')
  })

  test('is what is made of the report that it names', async () => {
    const docs = path.resolve(import.meta.dirname, '..', '..', 'docs')
    const page = await readFile(path.join(docs, 'performance.md'), 'utf8')
    const report = /\((\.\.\/bench\/reports\/[^)]+)\.md\)/.exec(page)?.[1] ?? ''
    const results = JSON.parse(await readFile(path.join(docs, `${report}.json`), 'utf8')) as Results
    expect(renderPage(results, report)).toBe(page)
    expect(renderReport(results)).toBe(await readFile(path.join(docs, `${report}.md`), 'utf8'))
  })
})
