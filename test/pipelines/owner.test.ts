import { ApplicationFailure, Context } from '@temporalio/activity'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JobTypeSchemaEntry } from '../../src/contract/index.ts'
import { compilePipeline } from '../../src/pipeline/index.ts'
import { PipelinesClient, type PipelinesClientOptions } from '../../src/pipelines/index.ts'
import type { RunPipelineInput } from '../../src/workflows/messages.ts'
import { patientQueryMs } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { entryOf } from '../job-type-schemas/helpers.ts'
import { openRun, planFrom, type Scripted, startScripted } from '../workflows/scripted.ts'

let on: Scripted
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
})

const ada = { workspace: 'blue', email: 'ada@example.com' }
const bob = { workspace: 'green', email: 'bob@example.com' }
const nothing = { runs: [], nextCursor: null }
const plan = planFrom('name: owned\nsteps: { s: { job_type: x } }')

function clientOf(options: PipelinesClientOptions): PipelinesClient {
  const timing = { queryTimeoutMs: patientQueryMs }
  return new PipelinesClient(on.stack.client, { taskQueue: 'scripted', timing, ...options })
}

async function startAs(owner: PipelinesClientOptions['owner'], id?: string): Promise<string> {
  return (await clientOf({ owner }).start(plan, {}, { id })).id
}

/** Steps stay open until the run is cancelled. */
function keepOpen(): void {
  on.api.trigger = async (input) => openRun(input)
  on.api.wait = () => Context.current().cancelled
}

async function ended(id: string): Promise<void> {
  await on.stack.client.workflow
    .getHandle(id)
    .result()
    .catch(() => undefined)
}

async function historyOf(id: string) {
  const { events } = await on.stack.client.workflow.getHandle(id).fetchHistory()
  return events ?? []
}

async function inputOf(id: string): Promise<RunPipelineInput> {
  const [first] = await historyOf(id)
  const payload = first?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]
  return JSON.parse(Buffer.from(payload?.data ?? []).toString()) as RunPipelineInput
}

describe('a pipeline run', () => {
  test('is whose token started it: as input, in Temporal and in every view', async () => {
    keepOpen()
    const id = await startAs(ada)
    const whose = { workspace: 'blue', owner: 'ada@example.com' }
    expect((await inputOf(id)).workspace).toBe('blue')
    const description = await on.stack.client.workflow.getHandle(id).describe()
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/) as string
    expect(description.memo).toEqual({ pipeline: 'owned', digest, ...whose })
    expect(description.searchAttributes).toMatchObject({
      JobwrightWorkspace: ['blue'],
      JobwrightOwner: ['ada@example.com'],
    })
    const pipelines = clientOf({})
    expect(await pipelines.show(id)).toMatchObject({ status: 'running', ...whose, steps: [{ step: 's' }] })
    await until('it is listed', async () =>
      (await pipelines.list()).runs.find((run) => run.id === id && run.owner === whose.owner),
    )
    await pipelines.cancel(id)
    for await (const view of pipelines.watch(id)) expect(view).toMatchObject(whose)
    expect(await pipelines.show(id)).toMatchObject({ status: 'cancelled', ...whose })
  })

  test.each(['completed', 'failed', 'terminated'])('that is %s still tells whose it was', async (how) => {
    if (how === 'terminated') keepOpen()
    if (how === 'failed')
      on.api.trigger = async () => {
        throw ApplicationFailure.nonRetryable('no', 'refused')
      }
    const id = await startAs(ada)
    if (how === 'terminated') await on.stack.client.workflow.getHandle(id).terminate()
    await ended(id)
    expect(await clientOf({}).show(id)).toMatchObject({
      status: how === 'completed' ? 'completed' : 'failed',
      workspace: 'blue',
      owner: 'ada@example.com',
    })
  })

  test('keeps its owner when it goes on as a new execution', async () => {
    // More than one workflow task triggers: an execution ends between two.
    const steps = Array.from(
      { length: 80 },
      (_, i) => `c${i}: { job_type: x${i ? `, needs: [c${i - 1}]` : ''} }`,
    )
    const long = planFrom(`name: long\nsteps: { ${steps.join(', ')} }`)
    const bound = clientOf({ owner: ada, workspace: 'blue', timing: { maxHistoryEvents: 20 } })
    const { id } = await bound.start(long, {})
    const { runId } = await on.stack.client.workflow.getHandle(id).describe()
    await ended(id)
    const description = await on.stack.client.workflow.getHandle(id).describe()
    expect(description.runId).not.toBe(runId)
    expect(description.searchAttributes).toMatchObject({ JobwrightWorkspace: ['blue'] })
    expect((await inputOf(id)).workspace).toBe('blue')
    expect(await bound.show(id)).toMatchObject({ status: 'completed', workspace: 'blue', owner: ada.email })
    await until('it is listed', async () =>
      (await bound.list({ owner: ada.email })).runs.find((run) => run.id === id && run.finished_at),
    )
  })

  test('is nobody’s when it is not known whose token it is', async () => {
    const id = await startAs(async () => undefined)
    await ended(id)
    const description = await on.stack.client.workflow.getHandle(id).describe()
    expect(Object.keys(description.memo ?? {}).sort()).toEqual(['digest', 'pipeline'])
    expect(description.searchAttributes).not.toHaveProperty('JobwrightWorkspace')
    expect(await inputOf(id)).not.toHaveProperty('workspace')
    expect(await clientOf({}).show(id)).toMatchObject({ workspace: null, owner: null })
  })

  test('takes no event more for its owner', async () => {
    const [owned, bare] = [await startAs(ada), await startAs(undefined)]
    await Promise.all([ended(owned), ended(bare)])
    const kinds = async (id: string) => (await historyOf(id)).map(({ eventType }) => eventType)
    expect(await kinds(owned)).toEqual(await kinds(bare))
  })

  test('asks once whose it is, and is not started when that cannot be said', async () => {
    let asked = 0
    const id = await startAs(async () => {
      asked += 1
      return ada
    })
    await ended(id)
    expect(asked).toBe(1)
    const away = startAs(() => Promise.reject(new Error('the API is away')), 'never-started')
    await expect(away).rejects.toThrow('the API is away')
    await expect(clientOf({}).show('never-started')).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
  })
})

describe('a client that is bound to a workspace', () => {
  const blue = () => clientOf({ owner: ada, workspace: 'blue' })

  test.each([
    ['another workspace', bob],
    ['nobody', undefined],
  ])('knows no run of %s, and leaves it alone', async (_whose, owner) => {
    keepOpen()
    const id = await startAs(owner)
    for (const ask of [() => blue().show(id), () => blue().cancel(id), () => blue().watch(id).next()])
      await expect(ask()).rejects.toMatchObject({
        code: 'unknown_pipeline_run',
        message: `no pipeline run ${id}`,
      })
    const { raw, status } = await on.stack.client.workflow.getHandle(id).describe()
    expect(status.name).toBe('RUNNING')
    expect(raw.workflowExtendedInfo?.cancelRequested).toBe(false)
    await clientOf({}).cancel(id)
  })

  test('lists its own runs only, whatever it is asked for', async () => {
    const [mine, theirs, nobodys] = [await startAs(ada), await startAs(bob), await startAs(undefined)]
    const all = await until('all are listed', async () => {
      const ids = (await clientOf({}).list()).runs.map(({ id }) => id)
      return [mine, theirs, nobodys].every((id) => ids.includes(id)) && ids
    })
    expect(all.length).toBeGreaterThanOrEqual(3)
    const { runs: own } = await blue().list()
    expect(own.map(({ id }) => id)).toContain(mine)
    expect(new Set(own.map(({ workspace }) => workspace))).toEqual(new Set(['blue']))
    expect(await blue().list({ workspace: 'green' })).toEqual(nothing)
    expect(await blue().list({ owner: bob.email })).toEqual(nothing)
  })

  test('starts runs of its workspace, and finds them again by their id', async () => {
    const client = clientOf({ workspace: 'blue' })
    const { id } = await client.start(plan, {})
    expect(await client.show(id)).toMatchObject({ workspace: 'blue', owner: null })
    expect(await client.start(plan, {}, { id })).toMatchObject({ id, existed: true, warnings: [] })
  })

  test('says of what it was compiled against what is not so any more, before anything is triggered', async () => {
    const entry = (config: object) => entryOf('x', { json_schema: { type: 'object', ...config } })
    const other = entryOf('unused')
    const text = 'name: drifted\nsteps: { s: { job_type: x } }'
    const compiled = compilePipeline(text, { file: 'drifted.yaml', jobTypes: [other, entry({})] }).plan
    if (!compiled) throw new Error('not compiled')
    const server = (answer: () => Promise<JobTypeSchemaEntry[] | undefined>) => clientOf({ jobTypes: answer })

    const changed = server(async () => [entry({ required: ['size'], properties: { size: {} } }), other])
    const run = await changed.start(compiled, {})
    expect(run.warnings).toEqual([
      expect.stringMatching(/^job type x has other schemas .*compile the pipeline anew/),
    ])
    await ended(run.id)
    expect((await changed.show(run.id)).warnings).toEqual(run.warnings)
    const gone = await server(async () => []).start(compiled, {})
    expect(gone.warnings).toEqual([expect.stringMatching(/^job type x is no longer on the server/)])

    const target = { kind: 'pipeline' as const, pipeline: compiled }
    const outer = { ...plan, steps: plan.steps.map((step) => ({ ...step, target })) }
    expect((await changed.start(outer, {})).warnings).toEqual(run.warnings)

    const silent = [
      server(async () => [entry({ description: 'in other words' })]),
      server(async () => undefined),
      server(() => Promise.reject(new Error('nobody there'))),
      clientOf({}),
    ]
    for (const client of silent) expect((await client.start(compiled, {})).warnings).toEqual([])
    // Compiled against another server, or none, it is the same pipeline.
    const { jobTypes, ...unknown } = compiled
    expect(jobTypes).toEqual({ x: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await changed.start(unknown, {}, { id: run.id })).toMatchObject({
      id: run.id,
      existed: true,
      warnings: [],
    })
  })

  test('follows under a used id only with the same plan and inputs', async () => {
    const client = clientOf({})
    const asked = planFrom('name: owned\ninputs: { n: { type: integer } }\nsteps: { s: { job_type: x } }')
    const { id } = await client.start(asked, { n: 1 })
    expect(await client.start(structuredClone(asked), { n: 1 }, { id })).toMatchObject({
      id,
      existed: true,
      warnings: [],
    })
    const refused = { code: 'run_id_reused', fault: 'refused' }
    await expect(client.start(asked, { n: 2 }, { id })).rejects.toMatchObject(refused)
    await expect(client.start({ ...asked, name: 'other' }, { n: 1 }, { id })).rejects.toMatchObject(refused)
  })

  test('refuses at once what can be no id', async () => {
    const client = clientOf({})
    for (const id of ['', '  ', 'a\u0000b', 'x'.repeat(501)]) {
      const refused = { code: 'bad_run_id', fault: 'usage' }
      await expect(client.start(plan, {}, { id })).rejects.toMatchObject(refused)
      await expect(client.show(id)).rejects.toMatchObject(refused)
      await expect(client.cancel(id)).rejects.toMatchObject(refused)
      await expect(client.watch(id).next()).rejects.toMatchObject(refused)
    }
  })

  test('starts nothing under an id that somebody else uses, and says nothing of that run', async () => {
    const id = await startAs(bob)
    await expect(blue().start(plan, {}, { id })).rejects.toMatchObject({
      code: 'run_id_taken',
      message: `the id ${id} cannot be used`,
    })
  })

  test('starts nothing for an owner of another workspace', async () => {
    const mixed = clientOf({ owner: bob, workspace: 'blue' })
    await expect(mixed.start(plan, {}, { id: 'mixed' })).rejects.toMatchObject({
      code: 'other_workspace',
    })
    await expect(clientOf({}).show('mixed')).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
  })
})

describe('a list', () => {
  const client = () => clientOf({})

  test('holds what a workspace, an owner, or both have, up to its limit', async () => {
    const eve = { workspace: 'red', email: 'eve@example.com' }
    const mallory = { workspace: 'red', email: 'mallory@example.com' }
    const eves = [await startAs(eve), await startAs(eve)]
    const mallorys = await startAs(mallory)
    const elsewhere = await startAs({ ...eve, workspace: 'violet' })
    const ids = async (filter: Parameters<PipelinesClient['list']>[0]) =>
      (await client().list(filter)).runs.map(({ id }) => id).toSorted()
    await until('all are listed', async () => {
      const [red, violet] = [await ids({ workspace: 'red' }), await ids({ workspace: 'violet' })]
      return red.length === 3 && violet.length === 1
    })
    expect(await ids({ workspace: 'red' })).toEqual([...eves, mallorys].toSorted())
    expect(await ids({ owner: eve.email })).toEqual([...eves, elsewhere].toSorted())
    expect(await ids({ workspace: 'red', owner: eve.email })).toEqual(eves.toSorted())
    expect(await ids({ workspace: 'red', limit: 2 })).toHaveLength(2)
    expect(await ids({ workspace: 'Red' })).toEqual([])
  })

  test('finds a value whatever characters it has, and nothing else by it', async () => {
    const values = [
      "o'brien",
      "'",
      '"quoted"',
      'back\\slash',
      '\\',
      "x' OR WorkflowType = 'runPipeline",
      "x\\' OR 1=1 --",
      '100%',
      'a_b',
      '*',
      'line\nbreak',
      'tab\t',
      '漢 é 😀',
      '`tick`',
    ]
    const started: [string, string][] = []
    for (const workspace of values) started.push([workspace, await startAs({ workspace, email: 'a@b' })])
    for (const [workspace, id] of started) {
      const found = await until('it is listed', async () => {
        const { runs } = await client().list({ workspace })
        return runs.length > 0 && runs.map((run) => run.id)
      })
      expect([workspace, found]).toEqual([workspace, [id]])
    }
  })
})
