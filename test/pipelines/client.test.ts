// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { ApplicationFailure } from '@temporalio/activity'
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import {
  type CompileOptions,
  compilePipeline,
  type Pipeline,
  PipelineFindingsError,
} from '../../src/pipeline/index.ts'
import {
  type PipelineRun,
  PipelineRunError,
  PipelinesClient,
  type PipelinesClientOptions,
} from '../../src/pipelines/index.ts'
import { connectTemporal } from '../../src/temporal/index.ts'
import { patientQueryMs } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from '../workflows/scripted.ts'

let on: Scripted
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
})

const timing = { queryTimeoutMs: patientQueryMs }
const clientOf = (options: PipelinesClientOptions = {}) =>
  new PipelinesClient(on.stack.client, { taskQueue: 'scripted', timing, ...options })

const text =
  'name: sized\ninputs: { size: { type: integer }, unit: { type: string, default: mm } }\nsteps: { s: { job_type: x } }\noutputs: { said: "${{ inputs.unit }}", size: "${{ inputs.size }}" }'
const plan = planFrom(text)

/** As one that is written in code is seen by the client. */
function inCode<Inputs, Outputs>(source: string, seen: CompileOptions[] = []): Pipeline<Inputs, Outputs> {
  return {
    name: 'sized',
    compile(options = {}) {
      seen.push(options)
      return compilePipeline(source, { file: 'sized.ts', ...options })
    },
    toYaml: () => source,
  }
}
const sized = inCode<{ size: number; unit?: string }, { said: string; size: number }>(text)

/** Runs stay open until they are cancelled. */
function keepOpen(): void {
  on.api.trigger = async (input) => openRun(input)
  on.api.wait = () => new Promise(() => undefined)
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
}

test('a pipeline in code is run with what its types say', async () => {
  const pipelines = clientOf()
  const outputs = await pipelines.run(sized, { size: 3 })
  expect(outputs).toEqual({ said: 'mm', size: 3 })
  expectTypeOf(outputs).toEqualTypeOf<{ said: string; size: number }>()
  expectTypeOf(pipelines.start<{ size: number }, { size: number }>).returns.resolves.toEqualTypeOf<
    PipelineRun<{ size: number }>
  >()
  const wrong = () => [
    // @ts-expect-error an input that has no default
    pipelines.run(sized, {}),
    // @ts-expect-error another type
    pipelines.run(sized, { size: '3' }),
    // @ts-expect-error no such input
    pipelines.start(sized, { size: 3, colour: 'red' }),
    // @ts-expect-error no such output
    pipelines.run(sized, { size: 3 }).then(({ colour }) => colour),
  ]
  expect(wrong).toBeTypeOf('function')
})

test('a plan is run with inputs as text or as values, and its outputs are JSON', async () => {
  const run = await clientOf().start(plan, { size: '3', unit: 'cm' })
  expect(run.existed).toBe(false)
  const outputs = await run.result()
  expect(outputs).toEqual({ said: 'cm', size: 3 })
  expectTypeOf(outputs).toEqualTypeOf<Record<string, Json>>()
  expect(await clientOf().get(run.id).result()).toEqual(outputs)
})

test('what the server has is asked for when a pipeline in code is started, and for nothing else', async () => {
  const seen: CompileOptions[] = []
  const about = { display_name: 'X', description: '', user_facing_description: '', json_schema: {} }
  const shown = { creatable_on_ui: true, creatable_by_agent: true, visible_on_ui: true }
  const offered = [{ job_type: 'x', ...about, ...shown }]
  let asked = 0
  const pipelines = clientOf({
    jobTypes: async () => {
      asked += 1
      return offered
    },
  })
  const { id } = await pipelines.start(inCode<{ size: number }, unknown>(text, seen), { size: 1 })
  await pipelines.get(id).result()
  await pipelines.run(plan, { size: 1 })
  expect(asked).toBe(1)
  expect(seen).toEqual([{ jobTypes: offered }])
})

test('what is asked of a client that was closed says so', async () => {
  const temporal = await connectTemporal({ address: on.stack.temporalAddress, namespace: 'default' })
  const closing = new AbortController()
  const pipelines = new PipelinesClient(temporal, { closing: closing.signal })
  closing.abort(new Error('it was closed'))
  await temporal.connection.close()
  await expect(pipelines.show('night')).rejects.toThrow('it was closed')
})

describe('nothing is started', () => {
  const listed = async () => (await clientOf().list({ pipeline: 'sized' })).runs.length

  test.each([
    [
      'a pipeline with errors',
      'invalid_pipeline',
      () => clientOf().run(inCode<object, unknown>('steps: {}'), {}),
    ],
    [
      'inputs that it does not take',
      'invalid_inputs',
      () => clientOf().run(plan, { size: 'big', colour: 'red' }),
    ],
    [
      'a plan that none made',
      'invalid_pipeline',
      () => clientOf().start({ ...plan, steps: [] }, { size: 1 }),
    ],
    ['no plan at all', 'invalid_pipeline', () => clientOf().start('name: sized' as never, { size: 1 })],
    ['inputs that are a list', 'invalid_inputs', () => clientOf().start(plan, [] as never)],
    ['an input that is missing', 'invalid_inputs', () => clientOf().start(plan, {})],
  ])('of %s, and every finding is told', async (_what, code, start) => {
    const before = await listed()
    const error: unknown = await start().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PipelineFindingsError)
    expect(error).toMatchObject({ code, fault: 'usage' })
    const { findings, message } = error as PipelineFindingsError
    expect(findings.length).toBeGreaterThan(0)
    for (const finding of findings) expect(message).toContain(finding.message)
    expect(await listed()).toBe(before)
  })

  test('when the signal has aborted before', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(clientOf().run(plan, { size: 1 }, { id: 'too-late', signal })).rejects.toThrow('enough')
    await expect(clientOf().show('too-late')).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
  })
})

describe('a run that does not complete', () => {
  test('is an error with its view: failed', async () => {
    on.api.trigger = async () => {
      throw ApplicationFailure.nonRetryable('no such thing', 'refused')
    }
    const error: unknown = await clientOf()
      .run(plan, { size: 1 })
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PipelineRunError)
    expect(error).toMatchObject({
      code: 'pipeline_failed',
      message: expect.stringContaining('step s failed: no such thing') as string,
      view: { status: 'failed', steps: [{ step: 's', status: 'failed' }] },
    })
  })

  test('is an error with its view: cancelled, for all who wait', async () => {
    keepOpen()
    const run = await clientOf().start(sized, { size: 1 })
    const waiting = [run.result(), clientOf().get(run.id).result()]
    await until('it is open', async () => (await run.show()).steps[0]?.status === 'running')
    await run.cancel()
    for (const each of await Promise.allSettled(waiting))
      expect(each).toMatchObject({ reason: { code: 'pipeline_cancelled', view: { status: 'cancelled' } } })
  })
})

test('a signal ends the waiting with its reason, and the run goes on', async () => {
  keepOpen()
  const leave = new AbortController()
  const run = clientOf().run(plan, { size: 1 }, { id: 'left-alone', signal: leave.signal })
  await until('it is open', async () => (await clientOf().show('left-alone')).steps[0]?.status === 'running')
  leave.abort(new Error('enough'))
  await expect(run).rejects.toThrow('enough')
  expect(await clientOf().show('left-alone')).toMatchObject({ status: 'running' })
  await clientOf().cancel('left-alone')
})

test('a client for somebody else starts and sees what is theirs', async () => {
  const pipelines = clientOf()
  const blue = pipelines.as({ owner: { workspace: 'blue', email: 'ada@b' }, workspace: 'blue' })
  const green = pipelines.as({ workspace: 'green' })
  const { id } = await blue.start(plan, { size: 1 })
  expect(await blue.get(id).result()).toEqual({ said: 'mm', size: 1 })
  expect(await pipelines.show(id)).toMatchObject({ workspace: 'blue', owner: 'ada@b' })
  await expect(green.get(id).result()).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
})

describe('pages of a list', () => {
  const owner = { workspace: 'pages', email: 'p@b' }
  let ids: string[]
  beforeAll(async () => {
    const pipelines = clientOf({ owner })
    const runs = []
    for (let n = 0; n < 7; n += 1) runs.push(await pipelines.start(plan, { size: n }))
    ids = runs.map(({ id }) => id)
    await Promise.all(runs.map((run) => run.result()))
    await until('all are listed', async () => {
      const { runs: all } = await pipelines.list({ workspace: 'pages', statuses: ['completed'] })
      return all.length === ids.length
    })
  })

  test.each([
    ['Temporal sifts', {}],
    ['are sifted here', { pipeline: 'sized', startedBefore: new Date(Date.now() + 3_600_000) }],
  ])('that %s: every run once', async (_how, filter) => {
    const seen: string[] = []
    let pages = 0
    let cursor: string | null = null
    do {
      const page = await clientOf().list({ ...filter, workspace: 'pages', limit: 3, cursor })
      expect(page.runs.length).toBeLessThanOrEqual(3)
      seen.push(...page.runs.map(({ id }) => id))
      cursor = page.nextCursor
      pages += 1
    } while (cursor !== null)
    expect(seen.toSorted()).toEqual(ids.toSorted())
    expect(pages).toBeGreaterThanOrEqual(3)
  })

  test('are of what was started earlier, or later', async () => {
    const { runs } = await clientOf().list({ workspace: 'pages' })
    const middle = runs.map(({ started_at }) => started_at).toSorted()[3] ?? ''
    const of = async (filter: object) =>
      (await clientOf().list({ workspace: 'pages', ...filter })).runs.length
    expect(await of({ startedBefore: new Date(middle) })).toBe(3)
    expect(await of({ startedAfter: new Date(middle) })).toBe(4)
  })

  test('go on with the same filters only, and a cursor that is none is refused', async () => {
    const pipelines = clientOf()
    const { nextCursor } = await pipelines.list({ workspace: 'pages', statuses: ['completed'], limit: 2 })
    const cursor = nextCursor ?? ''
    expect(cursor).not.toBe('')
    for (const [filter, name] of [
      [{ workspace: 'pages' }, 'statuses'],
      [{ workspace: 'pages', statuses: ['completed' as const], pipeline: 'sized' }, 'pipeline'],
    ] as const)
      await expect(pipelines.list({ ...filter, cursor })).rejects.toMatchObject({
        code: 'cursor_of_other_filters',
        message: expect.stringContaining(name) as string,
      })
    const asked = { workspace: 'pages', statuses: ['completed'] as const }
    await expect(pipelines.list({ statuses: ['completed'], cursor })).rejects.toMatchObject({
      code: 'bad_cursor',
    })
    for (const bad of ['', 'x', 'bnVsbA', cursor.slice(0, -1), `A${cursor}`])
      await expect(pipelines.list({ ...asked, cursor: bad })).rejects.toMatchObject({
        code: 'bad_cursor',
        fault: 'usage',
      })
  })
})
