import { describe, expect, test } from 'vitest'
import { cancelHandler } from '../../src/cli/commands/cancel.ts'
import { showHandler } from '../../src/cli/commands/show.ts'
import { steerHandler } from '../../src/cli/commands/steer.ts'
import type { Pipelines } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/main.ts'
import { follow } from '../../src/cli/progress/follow.ts'
import { loadConfig } from '../../src/config.ts'
import { at, iso, playing, runView, scriptedContext, stepView } from './helpers.ts'

const url = 'https://jobs.example.com/api/v1'
const overrides = { config: loadConfig({ JOBS_API_URL: url, JOBS_API_TOKEN: 'secret' }), now: () => at(60) }
const candidate = { job_run_id: 'r-1', status: 'running', created_at: iso(2), created_by: 'ada@example.com' }
const parked = stepView('graph', {
  generation: 1,
  status: 'trigger_unknown',
  job_id: 'j-1',
  started_at: iso(0),
  unknown_trigger: { job_id: 'j-1', sent_by: iso(3), candidates: [candidate] },
})
const strict = { name: 'default', mode: 'strict', promise: 'at most once' } as const
const held = runView([parked, stepView('next', { waits_for: ['graph'] })], {
  status: 'held',
  connection: strict,
})
const itemOf = (item: number, overrides = {}) => stepView('many', { item, generation: 1, ...overrides })

describe('a run that is held', () => {
  const words = [
    'step graph: whether its job run was started is not known',
    'job j-1; the POST had left by ',
    '(57.0s ago)',
    'r-1  running  created ',
    ` by ada@example.com  ${url}/job-runs/r-1`,
    'jobwright adopt review-0a1b2c graph r-1\n',
    'jobwright jobs runs --job j-1\n',
    'jobwright trigger review-0a1b2c graph\n',
    'jobwright fail review-0a1b2c graph\n',
  ]

  test('ends what follows it at once with 5, and says what is known and what to type', async () => {
    const running = runView([stepView('graph', { generation: 1, status: 'pending', trouble: 'looking' })])
    const ctx = scriptedContext({ overrides })
    const never = new Promise<never>(() => {})
    const pipelines = {
      async *watch() {
        yield running
        yield held
        await never
      },
    } as unknown as Pipelines
    expect(await follow(pipelines, held.id, ctx)).toBe(5)
    for (const word of [...words, 'step graph pending looking', 'step graph trigger_unknown job j-1'])
      expect(ctx.stdout.text).toContain(word)
  })

  test('is data for a machine', async () => {
    const ctx = scriptedContext({ overrides, output: 'json' })
    expect(await follow(playing(held) as Pipelines, held.id, ctx)).toBe(5)
    expect(JSON.parse(ctx.stdout.text)).toEqual(held)
  })

  test('is shown with the same, and with its connection and what that promises', async () => {
    const ctx = scriptedContext({ overrides, pipelines: { show: async () => held } })
    expect(await showHandler({ id: held.id }, ctx)).toBe(0)
    for (const word of [
      ...words,
      '? graph  trigger_unknown',
      'a person has to decide',
      'on connection default (strict): at most once',
    ])
      expect(ctx.stdout.text).toContain(word)
  })

  test('without a run that may be it, or a server that is known here, tells what it can', async () => {
    const unknown_trigger = { job_id: 'j-2', sent_by: iso(3), candidates: [] }
    const items = [0, 1, 2, 3, 4, 5, 6].map((item) =>
      itemOf(item, { status: 'trigger_unknown', unknown_trigger }),
    )
    const view = runView([...items, itemOf(7, { status: 'running' })], { status: 'held', connection: null })
    const ctx = scriptedContext({ pipelines: { show: async () => view } })
    await showHandler({ id: view.id }, ctx)
    expect(ctx.stdout.text).toContain('jobwright adopt review-0a1b2c many JOB_RUN --item 4\n')
    expect(ctx.stdout.text).toContain('no job run of that job is to be seen')
    expect(ctx.stdout.text).toContain('… and 2 more steps')
    expect(ctx.stdout.text).toContain('0/8 items, 7 trigger_unknown')
    expect(ctx.stdout.text).not.toContain('on connection')
  })

  test('does not end what follows its cancel', async () => {
    const cancelled = runView([stepView('graph', { status: 'cancelled' })], {
      status: 'cancelled',
      finished_at: iso(9),
    })
    const pipelines = { ...playing(held, cancelled), show: async () => held, cancel: async () => {} }
    expect(await cancelHandler({ id: held.id }, scriptedContext({ overrides, pipelines }))).toBe(0)
  })
})

test('what is cancelling says since when, and which runs it waits for', async () => {
  const cancelling = { status: 'cancelling', cancel_requested_at: iso(50), job_run_id: 'r-1' } as const
  const view = runView([stepView('graph', cancelling), itemOf(0, cancelling), itemOf(1)], {
    status: 'cancelling',
    cancel_requested_at: iso(50),
  })
  const ctx = scriptedContext({ overrides, pipelines: { show: async () => view } })
  await showHandler({ id: view.id }, ctx)
  expect(ctx.stdout.text).toMatch(/^review {2}cancelling since \d\d:\d\d:\d\d \(10\.0s\)/)
  expect(ctx.stdout.text).toMatch(/graph +cancelling +since \d\d:\d\d:\d\d \(10\.0s\) {2}run r-1/)
  expect(ctx.stdout.text).toMatch(
    /many\[0\] {2}cancelling {2}generation 1|many\[0\] {2}cancelling {2}since \S+ \S+ {2}run r-1/,
  )
})

describe('what a person decides', () => {
  /** Notes what the pipelines are asked. */
  function asked(output: 'text' | 'json' = 'text') {
    const calls: unknown[] = []
    const note =
      (verb: 'adopt' | 'trigger' | 'fail') =>
      async (id: string, step: { step: string; item?: number | undefined }) => {
        calls.push([verb, id, step])
        return { id, step: step.step, item: step.item ?? null, verb }
      }
    const pipelines = { adopt: note('adopt'), trigger: note('trigger'), fail: note('fail') }
    return { calls, ctx: scriptedContext({ output, pipelines }) }
  }

  test.each([
    [
      { verb: 'adopt', id: 'p', step: 'graph', jobRun: 'r-1' },
      ['adopt', 'p', { step: 'graph', jobRunId: 'r-1' }],
      'step graph goes on with job run r-1\n',
    ],
    [
      { verb: 'trigger', id: 'p', step: 'many[3]' },
      ['trigger', 'p', { step: 'many', item: 3 }],
      'step many[3] is triggered once more\n',
    ],
    [
      { verb: 'fail', id: 'p', step: 'many', item: 0 },
      ['fail', 'p', { step: 'many', item: 0 }],
      'step many[0] is given up: it has failed\n',
    ],
  ] as const)('%j is asked of the run, and how to go on is said', async (args, call, text) => {
    const { calls, ctx } = asked()
    expect(await steerHandler(args, ctx)).toBe(0)
    expect(calls).toEqual([call])
    expect(ctx.stdout.text).toBe(text)
    expect(ctx.stderr.text).toBe('go on: jobwright watch p\n')
  })

  test('is data for a machine', async () => {
    const { ctx } = asked('json')
    await steerHandler({ verb: 'adopt', id: 'p', step: 'graph', jobRun: 'r-1' }, ctx)
    expect(JSON.parse(ctx.stdout.text)).toEqual({
      id: 'p',
      step: 'graph',
      item: null,
      verb: 'adopt',
      job_run_id: 'r-1',
    })
    expect(ctx.stderr.text).toBe('')
  })

  test('lets go on Ctrl-C, and says that it may be done', async () => {
    const ctx = scriptedContext({
      signal: AbortSignal.abort(),
      pipelines: { fail: () => new Promise(() => {}) },
    })
    expect(await steerHandler({ verb: 'fail', id: 'p', step: 'graph' }, ctx)).toBe(130)
    expect(ctx.stderr.text).toContain('done once')
  })

  test.each([
    [['fail', 'p', 'many[1]', '--item', '2'], 'bad_step'],
    [['trigger', 'p', 'many['], 'bad_step'],
    [['trigger', 'p', 'many', '--item', '-1'], 'bad_usage'],
    [['adopt', 'p', 'graph'], 'bad_usage'],
    [['fail', 'p', 'graph', 'r-1'], 'bad_usage'],
  ])('jobwright %j is refused', async (argv, code) => {
    const host = scriptedContext()
    expect(await runCli(argv, host)).toBe(2)
    expect(host.stderr.text).toContain(`error ${code} `)
  })
})
