import { describe, expect, test } from 'vitest'
import { expectationsOf } from '../../src/testing/expect-of-run.ts'
import { finalLook } from '../../src/testing/final-look.ts'
import { type Expectations, judge, parseServerLog, type ServerLogEntry } from '../../src/testing/index.ts'

/** Logs by hand: an instant, then a trigger (`job/run`) or the status of a run. */
type Line = readonly [atMs: number, what: string, more?: object]

function logOf(...lines: Line[]): ServerLogEntry[] {
  return lines.map(([atMs, what, more], seq) => {
    const [job_id = '', job_run_id = '', status] = what.split(/[/=]/)
    if (status !== undefined) return { event: 'run_status', seq, atMs, job_run_id, job_id, status, ...more }
    const made = job_run_id === '' ? {} : { made: { job_run_id, job_id } }
    return {
      event: 'request',
      seq,
      atMs,
      method: 'POST',
      path: '/job-runs',
      body: { job_id },
      status: 200,
      ...made,
      ...more,
    }
  })
}

const rulesOf = (log: readonly ServerLogEntry[], expectations: Expectations = {}) =>
  judge(log, expectations).map(({ rule }) => rule)
const a = { name: 'a', jobIds: ['A'] }
const b = { name: 'b', jobIds: ['B'], needs: ['a'] }
const done: Line[] = [
  [1, 'A/a1'],
  [2, 'A/a1=completed'],
  [3, 'B/b1'],
  [4, 'B/b1=completed'],
]

describe('is found innocent', () => {
  test.each<[string, Line[], Expectations]>([
    ['nothing at all', [], {}],
    ['one run of each step, in order', done, { steps: [a, b] }],
    ['no steps told, one run a job', done, {}],
    [
      'the same run answered twice to one key',
      [
        [1, 'A/a1'],
        [2, 'A/a1'],
        [3, 'A/a1=failed'],
      ],
      { steps: [a] },
    ],
    [
      'a second generation that was allowed',
      [
        [1, 'A/a1'],
        [2, 'A/a1=failed'],
        [3, 'A/a2'],
        [4, 'A/a2=completed'],
      ],
      { steps: [{ ...a, generations: 2, outcomes: [{ status: 'completed', jobRunId: 'a2' }] }] },
    ],
    [
      'a run that the network doubled, once it has ended',
      [
        [1, 'A/a1'],
        [2, 'A/a2', { duplicate: true }],
        [3, 'A/a2=cancelled'],
        [4, 'A/a1=completed'],
      ],
      { steps: [a] },
    ],
    [
      'a need that failed, for a step that cleans up',
      [
        [1, 'A/a1'],
        [2, 'A/a1=failed'],
        [3, 'B/b1'],
        [4, 'B/b1=completed'],
      ],
      { steps: [{ ...a, outcomes: [{ status: 'failed', jobRunId: 'a1' }] }, b] },
    ],
    [
      'a need that was skipped',
      [
        [3, 'B/b1'],
        [4, 'B/b1=completed'],
      ],
      { steps: [{ ...a, outcomes: [{ status: 'skipped' }] }, b] },
    ],
    [
      'what was sent before the cancel and arrived after it',
      [
        [9, 'A/a1', { sentAtMs: 4 }],
        [10, 'A/a1=cancelled'],
      ],
      { steps: [a], cancels: [{ atMs: 5 }] },
    ],
    [
      'another try of a trigger whose answer was lost before the cancel',
      [
        [4, 'A', { status: undefined, answered: false }],
        [6, 'A/a1'],
        [7, 'A/a1=cancelled'],
      ],
      { steps: [a], cancels: [{ atMs: 5 }] },
    ],
    [
      'what was decided before the cancel and sent within the grace',
      [
        [9, 'A/a1'],
        [10, 'A/a1=cancelled'],
      ],
      { steps: [a], cancels: [{ atMs: 5, graceMs: 4 }] },
    ],
    [
      'the run of a step that was cancelled before it knew of it',
      [
        [1, 'A/a1'],
        [2, 'A/a1=cancelled'],
      ],
      { steps: [{ name: 'a', jobRunIds: [], outcomes: [{ status: 'cancelled' }] }] },
    ],
    [
      'a step that starts with any need once one is done',
      [
        [1, 'A/a1'],
        [2, 'A/a1=completed'],
        [3, 'B/b1'],
        [4, 'B/b1=completed'],
      ],
      { steps: [a, { ...b, needs: ['gone', 'a'], start: 'any' }] },
    ],
    ['a run that is active while it is not over', [[1, 'A/a1']], { isOver: false }],
    ['a text without the secret', [], { secrets: ['hush'], texts: { log: 'nothing' } }],
  ])('%s', (_, lines, expectations) => {
    expect(rulesOf(logOf(...lines), expectations)).toEqual([])
  })
})

describe('is found guilty', () => {
  const twice: Line[] = [
    [1, 'A/a1'],
    [2, 'A/a2'],
    [3, 'A/a1=completed'],
    [4, 'A/a2=completed'],
  ]
  test.each<[string, Line[], Expectations, string[]]>([
    ['two runs of one job', twice, {}, ['doubled']],
    ['two runs of one step', twice, { steps: [a] }, ['doubled']],
    [
      'two runs with one config',
      twice.map(([atMs, what]) => [atMs, what, what.includes('=') ? {} : { made: madeOf(what, { n: 1 }) }]),
      { generationOf: 'job_and_config' },
      ['doubled'],
    ],
    [
      'a second run under another job',
      [...done, [5, 'C/c1'], [6, 'C/c1=completed']],
      { steps: [a, b] },
      ['unaccounted'],
    ],
    [
      'a second run under another job, of a step that was cancelled before it knew of it',
      [
        [1, 'A/a1'],
        [2, 'A/a1=cancelled'],
        [3, 'C/c1'],
        [4, 'C/c1=cancelled'],
      ],
      { steps: [{ name: 'a', jobRunIds: [], outcomes: [{ status: 'cancelled' }] }] },
      ['unaccounted'],
    ],
    [
      'completed without a run',
      [],
      { steps: [{ ...a, outcomes: [{ status: 'completed' }] }] },
      ['not_completed'],
    ],
    [
      'completed although the run failed',
      [
        [1, 'A/a1'],
        [2, 'A/a1=failed'],
      ],
      { steps: [{ ...a, outcomes: [{ status: 'completed', jobRunId: 'a1' }] }] },
      ['not_completed'],
    ],
    [
      'terminal that went on to completed',
      [
        [1, 'A/a1'],
        [2, 'A/a1=failed'],
        [3, 'A/a1=completed'],
      ],
      { steps: [{ ...a, outcomes: [{ status: 'completed', jobRunId: 'a1' }] }] },
      ['not_completed'],
    ],
    [
      'a run that somebody else started',
      [[1, 'A/x1=completed', { requested: false }]],
      { steps: [{ ...a, outcomes: [{ status: 'completed', jobRunId: 'x1' }] }] },
      ['stranger'],
    ],
    [
      'a step before what it needs',
      [
        [1, 'B/b1'],
        [2, 'A/a1'],
        [3, 'A/a1=completed'],
        [4, 'B/b1=completed'],
      ],
      { steps: [a, b] },
      ['before_needs'],
    ],
    [
      'a step that starts with any need before all of them',
      [
        [1, 'B/b1'],
        [2, 'A/a1'],
        [3, 'A/a1=completed'],
        [4, 'B/b1=completed'],
      ],
      { steps: [a, { ...b, needs: ['a', 'gone'], start: 'any' }] },
      ['before_needs', 'before_needs'],
    ],
    [
      'a step whose need never was',
      [
        [1, 'B/b1'],
        [4, 'B/b1=completed'],
      ],
      { steps: [a, b] },
      ['before_needs'],
    ],
    [
      'a run without an end',
      [
        [1, 'A/a1'],
        [2, 'A/a1=running'],
      ],
      {},
      ['left_active'],
    ],
    [
      'a run that the network doubled, left behind',
      [
        [1, 'A/a1'],
        [2, 'A/a2', { duplicate: true }],
        [4, 'A/a1=completed'],
      ],
      { steps: [a] },
      ['left_active'],
    ],
    [
      'a trigger after the cancel',
      [
        [6, 'A/a1'],
        [7, 'A/a1=cancelled'],
      ],
      { steps: [a], cancels: [{ atMs: 5 }] },
      ['after_cancel'],
    ],
    [
      'another try of a trigger that began after the cancel',
      [
        [6, 'A', { answered: false }],
        [7, 'A/a1'],
        [8, 'A/a1=cancelled'],
      ],
      { steps: [a], cancels: [{ atMs: 5 }] },
      ['after_cancel'],
    ],
    [
      'a secret, and one in disguise',
      [],
      {
        secrets: ['hush "now"'],
        texts: { a: 'x hush "now"', b: '{"t":"hush \\"now\\""}', c: btoa('hush "now"') },
      },
      ['secret_found', 'secret_found', 'secret_found'],
    ],
  ])('%s', (_, lines, expectations, rules) => {
    expect(rulesOf(logOf(...lines), expectations)).toEqual(rules)
  })

  test('without repeating the secret', () => {
    const [violation] = judge([], { secrets: ['hush'], texts: { log: 'hush' } })
    expect(violation?.message).toBe('secret 1 of 1 stands in log')
  })
})

function madeOf(what: string, config: object) {
  const [job_id, job_run_id] = what.split('/')
  return { job_id, job_run_id, config }
}

test('a log file that was cut short by a kill is read without its last line', () => {
  const [entry] = logOf([1, 'A/a1'])
  expect(parseServerLog(`${JSON.stringify(entry)}\n{"event":"requ`)).toEqual([entry])
  expect(() => parseServerLog(`{"event":"requ\n${JSON.stringify(entry)}`)).toThrow(SyntaxError)
})

test.each([
  ['of a job', {}],
  ['of a job that came in the same call', { body: { job: { key: 'of-a' } } }],
])(
  'the last look finds the run of a trigger that was never answered, %s, and leaves strangers out',
  async (_, more) => {
    const run = (uuid: string, created_at: string) => ({
      uuid,
      job_id: 'A',
      status: 'completed',
      created_at,
      config: {},
    })
    const runs = [run('a2', '2026-01-02'), run('stranger', '2026-01-03'), run('a1', '2026-01-01')]
    const listJobRuns = async () => ({ items: runs as never[], count: runs.length })
    const log = logOf(
      [1, 'A/a1', more],
      [2, 'A', { status: undefined, answered: false, ...more }],
      [3, 'A', { lost: true, status: undefined, ...more }],
    )
    const found = await finalLook(log, { listJobRuns })
    expect(found.flatMap((entry) => (entry.event === 'request' ? [entry.made?.job_run_id] : []))).toEqual([
      'a2',
    ])
    expect(rulesOf([...log, ...found])).toEqual(['doubled'])
  },
)

test('what a pipeline run says is what the server has to bear out', () => {
  const view = { seq: 0, generation: 1, started_at: null, finished_at: null, error: null }
  const step = { needs: [], target: { kind: 'job_type', jobType: 'work' } }
  const plan = {
    steps: [
      { id: 'a', ...step },
      { id: 'b', ...step, needs: ['a'] },
    ],
  }
  const [first, second] = expectationsOf(plan as never, [
    {
      ...view,
      step: 'a',
      generation: 2,
      status: 'completed',
      job_id: 'A',
      job_run_id: 'a2',
      earlier: [{ generation: 1, job_run_id: 'a1', error: null }],
    },
    { ...view, step: 'b', status: 'trigger_unknown', job_id: 'B', job_run_id: null },
  ])
  expect(first).toMatchObject({ jobRunIds: ['a2', 'a1'], jobIds: [], generations: 2 })
  expect(second).toMatchObject({ jobIds: ['B'], needs: ['a'], outcomes: [{ status: 'unknown' }] })
})
