import { globSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDurationMs } from '../../src/base/duration.ts'
import {
  cancel,
  type InMemoryHandler,
  type TestedRun,
  testPipeline,
} from '../../src/testing/in-memory/index.ts'
import { pages, repository } from './pages.ts'

/** The patterns of docs/patterns.md, each run with several ends of what comes before. */

const folder = path.join(repository, 'examples', 'patterns')

/** As the built-in one, in virtual time. */
const sleep: InMemoryHandler = async ({ config, sleep: pause }) => {
  await pause(String(config.duration) as `${number}s`)
  if (config.fail === true) throw new Error('told to fail')
  return { slept: { ms: parseDurationMs(String(config.duration)) ?? 0 } }
}

function run(file: string, inputs: Record<string, unknown> = {}, faults = {}): Promise<TestedRun> {
  return testPipeline({ file: path.join(folder, file) }, { jobs: { sleep }, inputs, faults })
}

/** In seconds since the run began; undefined for what never did. */
function startOf(tested: TestedRun, step: string, what: 'started_at' | 'finished_at' = 'started_at') {
  const at = tested.view.steps.find((line) => line.step === step)?.[what]
  return at ? (Date.parse(at) - Date.parse(tested.view.started_at)) / 1000 : undefined
}

function statuses(tested: TestedRun): Record<string, string> {
  return Object.fromEntries(Object.entries(tested.steps).map(([name, { status }]) => [name, status]))
}

type Outcome = 'completed' | 'failed' | 'skipped'
const outcomes: readonly Outcome[] = ['completed', 'failed', 'skipped']
const endOf = { a: 1, b: 2 }

/** What Airflow says of each rule: whether it is met by how these needs ended, and by how many that have it waits for all. */
const triggerRules: Record<string, { isMet(ended: readonly Outcome[]): boolean; isEarly?: true }> = {
  'all-success': { isMet: (ended) => ended.every((one) => one === 'completed') },
  'all-failed': { isMet: (ended) => ended.every((one) => one === 'failed') },
  'all-done': { isMet: () => true },
  'all-skipped': { isMet: (ended) => ended.every((one) => one === 'skipped') },
  'all-done-min-one-success': { isMet: (ended) => ended.includes('completed') },
  'one-failed': { isMet: (ended) => ended.includes('failed'), isEarly: true },
  'one-success': { isMet: (ended) => ended.includes('completed'), isEarly: true },
  'one-done': { isMet: (ended) => ended.some((one) => one !== 'skipped'), isEarly: true },
  'none-failed': { isMet: (ended) => !ended.includes('failed') },
  'none-failed-min-one-success': {
    isMet: (ended) => !ended.includes('failed') && ended.includes('completed'),
  },
  'none-skipped': { isMet: (ended) => !ended.includes('skipped') },
}

describe.each(Object.entries(triggerRules))('the trigger rule %s', (name, { isMet, isEarly }) => {
  const cases = outcomes.flatMap((a) => outcomes.map((b) => ({ a, b })))
  test.each(cases)('with a $a and b $b', async ({ a, b }) => {
    const tested = await run(`trigger-rules/${name}.yaml`, { a, b })
    // In the order in which they end: a skipped one is done at once.
    const ends = [
      { outcome: a, at: a === 'skipped' ? 0 : endOf.a },
      { outcome: b, at: b === 'skipped' ? 0 : endOf.b },
    ].toSorted((one, other) => one.at - other.at)
    const all = ends.map(({ outcome }) => outcome)
    const first = ends.findIndex((_, index) => isMet(all.slice(0, index + 1)))
    const expected = isEarly ? ends[first]?.at : isMet(all) ? ends.at(-1)?.at : undefined
    expect(statuses(tested)).toEqual({ a, b, rule: expected === undefined ? 'skipped' : 'completed' })
    expect(startOf(tested, 'rule')).toBe(expected)
    expect(tested.outputs).toEqual({ rule: tested.step('rule').status })
    expect(tested.status).toBe('completed')
  })
})

test.each(outcomes)('the trigger rule always, whatever becomes of the others: %s', async (a) => {
  const tested = await run('trigger-rules/always.yaml', { a, b: a })
  expect(statuses(tested)).toEqual({ a, b: a, rule: 'completed' })
  expect(startOf(tested, 'rule')).toBe(0)
})

test('a rule that is met by what was cancelled does not fire when the run is', async () => {
  for (const [name, status] of [
    ['all-skipped', 'skipped'],
    ['all-done-min-one-success', 'skipped'],
    ['all-done', 'completed'],
  ] as const) {
    const tested = await run(`trigger-rules/${name}.yaml`, {}, { b: cancel() })
    expect([name, tested.status, tested.step('rule').status]).toEqual([name, 'cancelled', status])
  }
})

const completed = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 'completed']))
const skipped = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 'skipped']))

interface Case {
  inputs?: Record<string, unknown>
  statuses: Record<string, string>
  /** In seconds. */
  starts?: Record<string, number>
  seconds: number
}

const controlFlow: Record<string, Case[]> = {
  sequence: [{ statuses: completed('a', 'b', 'c'), starts: { a: 0, b: 1, c: 2 }, seconds: 3 }],
  'parallel-split': [{ statuses: completed('a', 'b', 'c'), starts: { b: 1, c: 1 }, seconds: 2 }],
  synchronization: [{ statuses: completed('a', 'b', 'both'), starts: { both: 2 }, seconds: 3 }],
  'exclusive-choice': [
    { statuses: { ...completed('check', 'large'), ...skipped('small') }, seconds: 2 },
    {
      inputs: { amount: 100 },
      statuses: { ...completed('check', 'small'), ...skipped('large') },
      seconds: 2,
    },
  ],
  'simple-merge': [
    {
      statuses: { ...completed('check', 'large', 'paid'), ...skipped('small') },
      starts: { paid: 2 },
      seconds: 3,
    },
    {
      inputs: { amount: 1 },
      statuses: { ...completed('check', 'small', 'paid'), ...skipped('large') },
      starts: { paid: 2 },
      seconds: 3,
    },
  ],
  'multi-choice': [
    { statuses: { ...completed('collect', 'mail', 'phone'), ...skipped('letter') }, seconds: 3 },
    {
      inputs: { channels: [] },
      statuses: { ...completed('collect'), ...skipped('mail', 'phone', 'letter') },
      seconds: 1,
    },
  ],
  'synchronizing-merge': [
    {
      statuses: { ...completed('collect', 'mail', 'phone', 'told'), ...skipped('letter') },
      starts: { told: 3 },
      seconds: 4,
    },
    {
      inputs: { channels: ['letter', 'mail'] },
      statuses: { ...completed('collect', 'mail', 'letter', 'told'), ...skipped('phone') },
      starts: { told: 4 },
      seconds: 5,
    },
  ],
  'multi-merge': [
    {
      statuses: completed('audit', 'pay', 'audit_filed', 'pay_filed'),
      starts: { audit_filed: 1, pay_filed: 2 },
      seconds: 3,
    },
  ],
  discriminator: [
    { statuses: completed('mirror_a', 'mirror_b', 'mirror_c', 'use'), starts: { use: 1 }, seconds: 5 },
  ],
  'implicit-termination': [{ statuses: completed('a', 'b', 'c'), seconds: 3 }],
  'instances-without-synchronization': [
    { statuses: completed('order', 'notice', 'deliver'), starts: { deliver: 1 }, seconds: 4 },
  ],
  'instances-known-at-design-time': [
    { statuses: completed('sign', 'close'), starts: { close: 1 }, seconds: 2 },
  ],
  'instances-known-at-run-time': [
    { statuses: completed('list', 'check', 'close'), starts: { close: 2 }, seconds: 3 },
    {
      inputs: { parts: [{ id: 'p', checked: true }] },
      statuses: completed('list', 'check', 'close'),
      starts: { close: 1 },
      seconds: 2,
    },
  ],
  'deferred-choice': [
    {
      statuses: { ...completed('reply', 'deadline', 'first', 'go_on'), ...skipped('remind') },
      starts: { first: 1, go_on: 1.001 },
      seconds: 3,
    },
    {
      inputs: { reply_after: '9s' },
      statuses: { ...completed('reply', 'deadline', 'first', 'remind'), ...skipped('go_on') },
      starts: { first: 3, remind: 3.002 },
      seconds: 9,
    },
    // Both at once.
    {
      inputs: { reply_after: '3s' },
      statuses: { ...completed('reply', 'deadline', 'first', 'go_on'), ...skipped('remind') },
      seconds: 4.001,
    },
  ],
  'interleaved-routing': [
    // In memory nobody waits for a place: on the engine release starts at 5.
    { statuses: completed('receive', 'weigh', 'photograph', 'measure', 'release'), seconds: 4 },
  ],
  milestone: [
    { statuses: completed('tender', 'offer_ready', 'offer'), starts: { offer: 1 }, seconds: 3 },
    {
      inputs: { ready_after: '5s' },
      statuses: { ...completed('tender', 'offer_ready'), ...skipped('offer') },
      seconds: 5,
    },
  ],
  'cancel-activity': [
    {
      statuses: { ask: 'failed', ...completed('without'), ...skipped('with') },
      starts: { without: 2 },
      seconds: 3,
    },
    {
      inputs: { needed: '1s' },
      statuses: { ...completed('ask', 'with'), ...skipped('without') },
      seconds: 2,
    },
  ],
  'cancel-case': [
    { statuses: { ...completed('reserve', 'use', 'report'), ...skipped('give_back') }, seconds: 62 },
  ],
}

describe.each(Object.entries(controlFlow))('the control-flow pattern %s', (name, cases) => {
  test.each(cases)('$inputs', async ({ inputs, starts = {}, seconds, ...expected }) => {
    const tested = await run(`control-flow/${name}.yaml`, inputs)
    expect(statuses(tested)).toEqual(expected.statuses)
    for (const [step, at] of Object.entries(starts)) expect([step, startOf(tested, step)]).toEqual([step, at])
    expect(tested.elapsedMs).toBe(Math.round(seconds * 1000))
    expect(tested.status).toBe('completed')
  })
})

test('the control-flow pattern cancel-case, cancelled', async () => {
  const tested = await run('control-flow/cancel-case.yaml', {}, { use: cancel() })
  expect(tested.status).toBe('cancelled')
  expect(statuses(tested)).toEqual({
    ...completed('reserve', 'give_back'),
    use: 'cancelled',
    report: 'skipped',
  })
})

test('the first of several that fails is not the one that counts', async () => {
  const tested = await testPipeline(
    { file: path.join(folder, 'control-flow/discriminator.yaml') },
    {
      jobs: {
        sleep: async (call) => (call.step === 'mirror_a' ? Promise.reject(new Error('down')) : sleep(call)),
      },
    },
  )
  expect(startOf(tested, 'use')).toBe(3)
  expect(tested.status).toBe('completed')
})

test('every file is tried here, and is in the tables of the page: twelve rules, twenty patterns', () => {
  const files = globSync('*/*.yaml', { cwd: folder }).map((file) => file.replaceAll(path.sep, '/'))
  const tried = [
    ...['always', ...Object.keys(triggerRules)].map((name) => `trigger-rules/${name}.yaml`),
    ...Object.keys(controlFlow).map((name) => `control-flow/${name}.yaml`),
  ]
  expect(files.toSorted()).toEqual(tried.toSorted())
  const page = pages.find(({ file }) => file === 'docs/patterns.md')?.text ?? ''
  const rows = page.split('\n').filter((line) => line.startsWith('|') && !/^\|[ -]*(\||$)/.test(line))
  const [rules, patterns] = [
    rows.filter((row) => /^\| `/.test(row)),
    rows.filter((row) => /^\| \d/.test(row)),
  ]
  expect([rules.length, patterns.length]).toEqual([12, 20])
  const named = [...page.matchAll(/\(\.\.\/examples\/patterns\/([\w/-]+\.yaml)\)/g)].map(([, file]) => file)
  expect(named.toSorted()).toEqual(files.toSorted())
})
