// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineJobType, RetryableError } from '../../../src/job-types/index.ts'
import { compilePipeline } from '../../../src/pipeline/index.ts'
import {
  cancel,
  cancelRun,
  fail,
  failOnce,
  fails,
  hangs,
  reject,
  succeeds,
  takes,
  testPipeline,
  timeout,
} from '../../../src/testing/in-memory/index.ts'
import { type GraphStep, montage } from '../../helpers/graphs.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

const review = {
  yaml: `name: review
inputs: { units: { type: array, default: [pump, fan, rack] } }
steps:
  read:
    for_each: \${{ inputs.units }}
    max_parallel: 2
    job_type: read_unit
    config: { unit: "\${{ item }}", token: "Bearer \${{ secrets.TOKEN }}" }
    retry: { attempts: 3, backoff: 5s }
    timeout: 10m
  report: { needs: [read], job_type: write_report, config: { texts: "\${{ steps.read.outputs.text }}" } }
  clean: { needs: [report], if: "\${{ always() }}", job_type: clean_up }
outputs: { report: "\${{ steps.report.outputs.report }}" }
`,
}
const jobs = {
  read_unit: takes('1m', ({ config }) => ({ text: `about ${String(config.unit)}` })),
  write_report: succeeds({ report: 'all is well' }),
  clean_up: succeeds(),
}

describe('a pipeline in memory', () => {
  test('completes with outputs, calls in order and virtual time', async () => {
    const run = await testPipeline(review, { jobs })
    expect(run).toMatchObject({
      status: 'completed',
      outputs: { report: 'all is well' },
      elapsedMs: 120_000,
      unmetFaults: [],
    })
    expect(run.step('read').outputs).toEqual({ text: ['about pump', 'about fan', 'about rack'] })
    expect(run.calls.map(({ step, item, config }) => [step, item, config.unit ?? config.texts])).toEqual([
      ['read', 0, 'pump'],
      ['read', 1, 'fan'],
      ['read', 2, 'rack'],
      ['report', null, ['about pump', 'about fan', 'about rack']],
      ['clean', null, undefined],
    ])
    expect(run.calls[0]?.config.token).toBe('Bearer secret:TOKEN')
    expect(run.view.finished_at).toBe('2026-01-01T00:02:00.000Z')
  })

  test('gives the same each time', async () => {
    const options = { jobs, faults: { 'read[1]': failOnce('late'), report: timeout() } }
    const once = async () =>
      JSON.stringify(await testPipeline(review, { ...options, faults: { read: fail('no') } }))
    expect(await once()).toBe(await once())
  })

  test('fails where a fault is put, and skips the rest', async () => {
    const run = await testPipeline(review, {
      jobs,
      faults: { 'read[1]': fail('no such unit', { code: 'gone' }) },
    })
    expect(run.status).toBe('failed')
    expect(run.step('read').items.map(({ status }) => status)).toEqual(['completed', 'failed', 'skipped'])
    expect(run.step('read').items[1]).toMatchObject({
      generation: 3,
      error: { code: 'gone', message: 'no such unit' },
    })
    expect(run.step('report')).toMatchObject({
      status: 'skipped',
      skippedBecause: 'it needs read, which failed',
    })
    expect(run.step('clean').status).toBe('completed')
    // Two back-offs, of five and of ten seconds, while the first item is at work.
    expect(run.view.steps[1]?.finished_at).toBe('2026-01-01T00:00:15.000Z')
    expect(run.elapsedMs).toBe(60_000)
  })

  test.each([
    ['a failure once', { 'read[0]': failOnce('late') }, 'completed', 2, null],
    ['a failure of one generation', { 'read[0]#1': fail('late') }, 'completed', 2, null],
    ['a refusal', { 'read[0]': reject('no') }, 'failed', 3, 'invalid_config'],
    ['a timeout', { 'read[0]': timeout() }, 'failed', 3, 'timeout'],
    ['a timeout once', { 'read[0]': timeout({ times: 1 }) }, 'completed', 2, null],
    ['a job run that somebody cancels', { 'read[0]': cancelRun() }, 'cancelled', 1, 'run_cancelled'],
    ['a cancel', { 'read[0]': cancel() }, 'cancelled', 1, null],
  ] as const)('meets %s', async (_, faults, status, generation, code) => {
    const run = await testPipeline(review, { jobs, faults })
    const [first] = run.step('read').items
    expect({ ...first, outputs: {} }).toMatchObject({ status, generation })
    expect(first?.error?.code ?? null).toBe(code)
    expect(run.status).toBe(
      { completed: 'completed', failed: 'failed', cancelled: code ? 'failed' : 'cancelled' }[status],
    )
  })

  test('is cancelled at a step: what is open ends, what cleans up runs', async () => {
    const run = await testPipeline(review, {
      jobs,
      faults: { 'read[1]': cancel(), report: fail('never met') },
    })
    expect(run.status).toBe('cancelled')
    expect(run.step('read').items.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'skipped'])
    expect(run.step('clean').status).toBe('completed')
    expect(run.unmetFaults).toEqual(['report'])
  })

  test('gives what cleans up ten minutes after a cancel', async () => {
    const run = await testPipeline(review, {
      jobs: { ...jobs, clean_up: hangs() },
      faults: { 'read[0]': cancel() },
    })
    expect(run.step('clean').status).toBe('cancelled')
    expect(run.warnings).toEqual(['what cleans up was cancelled, as its time was over'])
    expect(run.elapsedMs).toBe(600_000)
  })

  test('ends what cleans up with a second cancel', async () => {
    const faults = { 'read[0]': cancel(), clean: cancel() }
    const run = await testPipeline(review, { jobs, faults })
    expect(run.step('clean').status).toBe('cancelled')
    expect(run.elapsedMs).toBe(0)
  })

  test('completes in the instant in which its time is up', async () => {
    const run = await testPipeline(review, { jobs: { ...jobs, read_unit: takes('10m', { text: '' }) } })
    expect(run.status).toBe('completed')
  })

  test('runs a saved job with what the step changes of it', async () => {
    const yaml = 'name: p\nsteps: { a: { job_id: 3f0c, config: { b: 2 } } }'
    const savedJobs = { '3f0c': { jobType: 'x', config: { a: 1, b: 1 } } }
    const run = await testPipeline({ yaml }, { jobs: { x: succeeds() }, savedJobs })
    expect(run.calls).toMatchObject([{ jobType: 'x', config: { a: 1, b: 2 } }])
  })
})

describe('a step that runs a pipeline', () => {
  const inner = compilePipeline(
    `name: inner
inputs: { n: { type: integer } }
steps: { work: { job_type: x, config: { n: "\${{ inputs.n }}" } }, clean: { needs: [work], if: "\${{ always() }}", job_type: y } }
outputs: { twice: "\${{ steps.work.outputs.twice }}" }`,
    { file: 'inner.yaml' },
  ).plan
  const plan = planOf([
    planStep('outer', {
      forEach: { kind: 'literal', value: [1, 2] },
      maxParallel: 2,
      target: {
        kind: 'pipeline',
        pipeline: inner ?? planOf([]),
        inputs: { kind: 'object', entries: [{ key: 'n', value: { kind: 'expression', source: 'item' } }] },
      },
      usedOutputs: ['twice'],
      valueOutputs: ['twice'],
    }),
  ])
  const twice = takes('1m', ({ config }) => ({ twice: Number(config.n) * 2 }))

  test('has its outputs', async () => {
    const run = await testPipeline(plan, { jobs: { x: twice, y: takes('1m') } })
    expect(run.status).toBe('completed')
    expect(run.step('outer').outputs).toEqual({ twice: [2, 4] })
    expect(run.calls.map(({ step }) => step)).toEqual([
      'outer/work',
      'outer/work',
      'outer/clean',
      'outer/clean',
    ])
    expect(run.elapsedMs).toBe(120_000)
  })

  test('fails with it, by a fault within', async () => {
    const run = await testPipeline(plan, {
      jobs: { x: twice, y: takes('1m') },
      faults: { 'outer/work': fail('no') },
    })
    expect(run.step('outer').items[0]?.error).toEqual({
      code: 'pipeline_failed',
      message: 'step work failed: no',
    })
  })

  test('is cancelled with it, and cleans up', async () => {
    const jobs = { x: twice, y: succeeds(), slow: hangs() }
    const slow = planStep('slow', { target: { kind: 'job_type', jobType: 'slow' } })
    const run = await testPipeline(
      { ...plan, steps: [...plan.steps, slow] },
      { jobs, faults: { slow: cancel() } },
    )
    expect(run.step('outer').items.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(run.calls.filter(({ step }) => step === 'outer/clean')).toHaveLength(2)
  })
})

const resize = defineJobType({
  jobType: 'resize',
  displayName: 'Resize',
  description: 'Resizes',
  config: z.strictObject({ width: z.number().int(), attempts: z.number().default(1) }),
  outputs: { image: z.object({ width: z.number() }) },
  async run({ config, attempt, log, progress, output }) {
    log.info(`attempt ${attempt}`)
    progress(0.5)
    if (attempt < config.attempts) throw new RetryableError('not yet')
    await output.json('image', { width: config.width })
  },
})
const resizing = (config: string) => ({
  yaml: `name: p\nsteps: { a: { job_type: resize, config: ${config} } }`,
})

describe('a job type that is given as it is', () => {
  test('runs with its config checked and its defaults', async () => {
    const run = await testPipeline(resizing('{ width: 5, attempts: 2 }'), { jobs: { resize } })
    expect(run.step('a')).toMatchObject({ status: 'completed', outputs: { image: { width: 5 } } })
    expect(run.calls.map(({ attempt }) => attempt)).toEqual([1, 2])
    expect(run.logs.map(({ message }) => message)).toEqual(['attempt 1', 'attempt 2'])
    expect(run.elapsedMs).toBe(1_000)
  })

  test('has the pipeline checked against its schema', async () => {
    await expect(testPipeline(resizing('{ widht: 5 }'), { jobs: { resize } })).rejects.toMatchObject({
      code: 'invalid_pipeline',
      findings: expect.arrayContaining([expect.objectContaining({ line: 2 })]),
    })
  })

  test('declares what a handler in its place may store', async () => {
    const run = await testPipeline(resizing('{ width: 5 }'), {
      jobs: { resize: succeeds({ image: { height: 5 } }) },
      jobTypes: [resize],
    })
    expect(run.step('a').error?.code).toBe('invalid_output')
  })
})

describe('a mistake in a test is told', () => {
  const one = { yaml: 'name: p\nsteps: { a: { job_type: x, config: {} } }' }
  test.each([
    ['no handler', () => testPipeline(one, {}), 'no_handler', /step a runs the job type x/],
    [
      'a handler that nobody uses',
      () => testPipeline(one, { jobs: { y: succeeds() } }),
      'unused_handler',
      /job type y/,
    ],
    [
      'a fault at no step',
      () => testPipeline(one, { jobs: { x: succeeds() }, faults: { b: fail('') } }),
      'bad_fault',
      /no step b/,
    ],
    [
      'a fault at no item',
      () => testPipeline(one, { jobs: { x: succeeds() }, faults: { 'a[0]': fail('') } }),
      'bad_fault',
      /no for_each/,
    ],
    [
      'a key that is none',
      () => testPipeline(one, { jobs: { x: succeeds() }, faults: { 'a[': fail('') } }),
      'bad_fault',
      /names no step/,
    ],
    [
      'no timeout',
      () => testPipeline(one, { jobs: { x: hangs() } }),
      'never_ends',
      /step a .* has no timeout/,
    ],
    [
      'a handler that waits in real time',
      () => testPipeline(one, { jobs: { x: () => new Promise(() => {}) }, patienceMs: 20 }),
      'handler_stuck',
      /step a/,
    ],
    [
      'a handler that sleeps on when it is stopped',
      () => {
        const isDone = Date.now() + 1_000
        const x = async ({ sleep }: { sleep(duration: string): Promise<void> }) => {
          while (Date.now() < isDone) await sleep('1h').catch(() => undefined)
        }
        const impatient = { yaml: 'name: p\nsteps: { a: { job_type: x, timeout: 1s } }' }
        return testPipeline(impatient, { jobs: { x }, patienceMs: 20 })
      },
      'handler_stuck',
      /step a/,
    ],
    [
      'outputs that are none',
      () => testPipeline(one, { jobs: { x: () => [1] as never } }),
      'bad_handler',
      /returned a list/,
    ],
    [
      'no Jobs API',
      () => testPipeline(one, { jobs: { x: async ({ api }) => void (await api.listJobs({})) } }),
      'no_api',
      /api\.listJobs/,
    ],
    [
      'a job that is not known',
      () => testPipeline({ yaml: 'name: p\nsteps: { a: { job_id: b } }' }, {}),
      'unknown_job',
      /job b/,
    ],
    [
      'a broken pipeline',
      () => testPipeline({ yaml: 'name: p\nsteps: { a: { job_tpe: x } }' }, {}),
      'invalid_pipeline',
      /pipeline.yaml:2/,
    ],
    [
      'wrong inputs',
      () => testPipeline(one, { jobs: { x: succeeds() }, inputs: { n: 1 } }),
      'invalid_inputs',
      /no input `n`/,
    ],
    ['no duration', () => testPipeline(one, { jobs: { x: takes('soon') } }), 'bad_duration', /soon/],
  ])('%s', async (_, run, code, message) => {
    await expect(run()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('pipelines that a file names are found from where it is, and run', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'jobwright-nested-'))
    try {
      const write = (name: string, text: string) => writeFile(path.join(folder, name), text)
      await mkdir(path.join(folder, 'parts'))
      await write(
        'outer.yaml',
        'name: outer\ninputs: { all: { type: boolean, default: false } }\nsteps: { a: { if: "${{ inputs.all }}", pipeline: parts/middle.yaml } }',
      )
      await write('parts/middle.yaml', 'name: middle\nsteps: { b: { pipeline: ../inner.yaml } }')
      await write('inner.yaml', 'name: inner\nsteps: { c: { job_type: x } }')
      const file = path.join(folder, 'outer.yaml')
      expect(await testPipeline({ file })).toMatchObject({ status: 'completed' })
      const jobs = { x: () => ({}) }
      const all = await testPipeline({ file }, { jobs, inputs: { all: true } })
      expect(all).toMatchObject({ status: 'completed' })
      expect(all.calls).toHaveLength(1)
      await write('inner.yaml', 'name: inner\nsteps: { c: { job_typ: x } }')
      await expect(testPipeline({ file })).rejects.toMatchObject({
        code: 'invalid_pipeline',
        message: expect.stringContaining('inner.yaml'),
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('a step that is not there', async () => {
    const run = await testPipeline(one, { jobs: { x: fails('boom', { code: 'bad' }) } })
    expect(run.step('a').error).toEqual({ code: 'bad', message: 'boom' })
    expect(() => run.step('b')).toThrow('no step b')
  })
})

describe('a step that starts with any of its needs', () => {
  const steps = (first: string) => ({
    yaml: `name: race
steps:
  fast: { job_type: fast }
  slow: { job_type: slow, on_failure: continue }
  first: { needs: [slow, fast], start: any, job_type: work, ${first} }
  after: { needs: [first], job_type: work, config: { slow: "\${{ steps.slow.status }}" } }
`,
  })
  const race = {
    fast: takes('1m', { n: 1 }),
    slow: takes('1h', { n: 2 }),
    work: takes('1m'),
  }
  const startOf = (run: Awaited<ReturnType<typeof testPipeline>>, step: string) =>
    run.view.steps.find((line) => line.step === step)?.started_at?.slice(11, 16)

  test('is asked with each that is done, and its values see each as it stood then', async () => {
    const seen = 'config: { slow: "${{ steps.slow.status }}", has: "${{ has(steps.slow.outputs.n) }}" }'
    const run = await testPipeline(steps(seen), { jobs: race })
    expect([startOf(run, 'first'), startOf(run, 'after')]).toEqual(['00:01', '00:02'])
    expect(run.calls.filter(({ jobType }) => jobType === 'work').map(({ config }) => config)).toEqual([
      { slow: 'running', has: false },
      { slow: 'running' },
    ])
    const late = await testPipeline(steps(`if: "\${{ failed() }}", ${seen}`), {
      jobs: race,
      faults: { slow: fail('no') },
    })
    expect(late.status).toBe('completed')
    expect(late.calls.at(-1)?.config).toEqual({ slow: 'failed' })
  })

  test('has one chance more where its condition cannot be answered yet, and fails by what is never there', async () => {
    const asked = (condition: string) => testPipeline(steps(`if: "\${{ ${condition} }}"`), { jobs: race })
    expect(startOf(await asked('steps.slow.outputs.n == 2'), 'first')).toBe('01:00')
    expect(startOf(await asked('steps.slow.outputs.n == 2 || steps.fast.outputs.n == 1'), 'first')).toBe(
      '00:01',
    )
    expect((await asked('steps.slow.outputs.n == 3')).step('first')).toMatchObject({
      status: 'skipped',
      skippedBecause: 'its `if` is false',
    })
    const wrong = await asked('steps.fast.outputs.none == 1')
    expect(wrong.step('first').error?.code).toBe('expression_missing_value')
    expect(wrong.view.steps.find(({ step }) => step === 'slow')?.status).toBe('completed')
  })

  test('fails by name where it reads an output of one that is not done', async () => {
    for (const config of ['"${{ steps.slow.outputs.n }}"', '"${{ steps.slow.outputs.n + 1 }}"']) {
      const run = await testPipeline(steps(`config: { n: ${config} }`), { jobs: race })
      expect(run.view.steps.find(({ step }) => step === 'first')?.error).toEqual({
        code: 'output_not_ready',
        message:
          'step slow was not done (running) when this was evaluated, so it had no output n; ask first: has(steps.slow.outputs.n)',
      })
    }
  })
})

test('a graph of two thousand steps, each once and after what it needs', async () => {
  const steps = montage(400)
  const plan = planOf(steps.map(({ id, needs }) => planStep(id, { needs })))
  const run = await testPipeline(plan, { jobs: { sleep: succeeds() }, patienceMs: 60_000 })
  expect(run.status).toBe('completed')
  const order = run.calls.map(({ step }) => step)
  expect(order).toHaveLength(steps.length)
  const placeOf = new Map(order.map((id, place) => [id, place]))
  const isAfter = ({ id, needs }: GraphStep) =>
    needs.every((need) => Number(placeOf.get(need)) < Number(placeOf.get(id)))
  expect(steps.filter((step) => !isAfter(step))).toEqual([])
}, 60_000)
