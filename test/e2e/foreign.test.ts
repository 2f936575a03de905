import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compilePipeline } from '../../src/pipeline/index.ts'
import type { PipelineRunView } from '../../src/pipeline/plan/index.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import { type ForeignServer, type Habits, noHabits, startForeignServer } from '../foreign-server/index.ts'
import { historiesOf } from '../helpers/chain.ts'
import { untilOver } from '../helpers/over.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** Pipelines on a server that knows nothing of us: the reference's eleven operations, and nothing beyond them. */

let foreign: ForeignServer
let stack: TestStack
/** Also those that are not done yet. */
let arrivedTriggers = 0

beforeAll(async () => {
  foreign = await startForeignServer({
    durationMs: 300,
    onArrival(endpoint) {
      if (endpoint === 'create_run') arrivedTriggers += 1
    },
  })
  stack = await startTestStack({
    parts: ['temporal', 'worker'],
    configFile: new URL('foreign.config.ts', import.meta.url).pathname,
    env: {
      JOBS_API_URL: foreign.url,
      JOBS_API_TOKEN: foreign.token,
      JOBS_API_REQUESTS_PER_SECOND: '50',
      FOREIGN_URL: foreign.url,
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
    },
  })
})
afterAll(async () => {
  await stack?.stop()
  await foreign?.stop()
})
afterEach(() => adopt({}))

function adopt(habits: Partial<Habits>): void {
  Object.assign(foreign.habits, noHabits(), habits)
}

async function start(text: string): Promise<string> {
  const { plan, findings } = compilePipeline(text, { file: 'test.yaml' })
  if (!plan) throw new Error(findings.map(({ message }) => message).join('\n'))
  seen = foreign.log.length
  return stack.runPlan(plan)
}

/** Of the log, when the present pipeline run was started. */
let seen = 0
const requests = () => foreign.log.slice(seen)
const triggers = () => requests().flatMap(({ made }) => made ?? [])
const posts = () => requests().filter(({ method, path }) => method === 'POST' && path === '/job-runs')
const statusOf = (jobRunId: string) => foreign.runs.get(jobRunId)?.history.at(-1)?.status

function finished(id: string): Promise<PipelineRunView> {
  return untilOver(stack.pipelines, id)
}

const stepsOf = (view: PipelineRunView) => view.steps.map(({ step, status }) => `${step} ${status}`)

const twoSteps = `
name: two
steps:
  first: { job_type: work, config: { duration_ms: 100, outputs: { size: 3 } } }
  second: { needs: [first], job_type: work, config: { title: 'size \${{ steps.first.outputs.size }}' } }
`

describe('on a server without extensions', () => {
  it('steps run one after the other, each triggered once, and outputs are read', async () => {
    const view = await finished(await start(twoSteps))
    expect(view).toMatchObject({ status: 'completed', warnings: [], connection: { mode: 'strict' } })
    expect(triggers().map(({ config }) => config['title'])).toEqual([undefined, 'size 3'])
    expect(view.steps.map((step) => step.job_run_id)).toEqual(triggers().map((made) => made.job_run_id))
  })

  it.each<[string, Partial<Habits>]>([
    [
      'of other forms',
      { ids: 'text', timestamps: 'offset', extraFields: true, gzip: true, clockOffMs: 5 * 3_600_000 },
    ],
    [
      'that leaves out what it may',
      {
        missingFields: ['job_name', 'updated_at', 'created_by', 'is_deleted'],
        configEcho: 'none',
        timestamps: 'zoned',
      },
    ],
    [
      'that shows late what was made',
      { jobInvisibleMs: 700, runInvisibleMs: 700, listLagMs: 500, listOrder: 'mixed' },
    ],
    ['whose lists are short', { listCap: 1, count: 'total', ignoredFilters: ['statuses'] }],
    ['whose outputs are nested', { outputReferences: 'nested' }],
    ['whose outputs are text', { outputReferences: 'strings' }],
    ['whose ends go back for a while', { terminalGoesBack: { afterMs: 100, forMs: 500 } }],
    ['that redirects reads', { redirect: { endpoints: ['get_run', 'list_runs'], status: 307, to: 'same' } }],
    ['whose unknown paths are a page', { capabilities: 'html' }],
  ])('%s a pipeline completes', async (_, habits) => {
    adopt(habits)
    const text = habits.outputReferences
      ? twoSteps.replace('steps.first.outputs.size', 'size(steps.first.run.output_references)')
      : twoSteps
    const view = await finished(await start(text))
    expect(view.steps.map(({ error }) => error)).toEqual([null, null])
    expect(view.status).toBe('completed')
    expect(triggers()).toHaveLength(2)
  })

  it('a lost answer is settled by looking, and the run adopted', async () => {
    adopt({ htmlAfter: ['create_run'] })
    const view = await finished(await start(twoSteps))
    expect(view).toMatchObject({ status: 'completed', warnings: [] })
    expect(posts()).toHaveLength(2)
    expect(view.steps.map((step) => step.job_run_id)).toEqual(triggers().map((made) => made.job_run_id))
  })

  it('an answer that is lost together with the worker is settled by another one', async () => {
    adopt({ slowAnswerMs: { create_run: 60_000 } })
    const id = await start(twoSteps)
    await until('it was triggered', async () => triggers().length === 1)
    await stack.kill('worker')
    adopt({})
    await stack.start('worker')
    expect(stepsOf(await finished(id))).toEqual(['first completed', 'second completed'])
    expect(posts()).toHaveLength(2)
  })

  it('a run that fails is triggered anew, on a job of its own', async () => {
    const retrying = `
name: retrying
steps:
  first: { job_type: work, config: { fail: true }, retry: { attempts: 2, backoff: 1ms } }
`
    const view = await finished(await start(retrying))
    expect(view).toMatchObject({ status: 'failed', steps: [{ generation: 2, status: 'failed' }] })
    expect(new Set(triggers().map(({ job_id }) => job_id)).size).toBe(2)
  })
})

describe('a history that grows long', () => {
  it('goes on in new executions with runs open, and triggers none of them again', async () => {
    adopt({ htmlAfter: ['create_run'] })
    const text = `
name: many
steps:
  many: { for_each: '\${{ [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }}', max_parallel: 4, job_type: work, config: { duration_ms: 1200 } }
`
    const { plan } = compilePipeline(text, { file: 'many.yaml' })
    if (!plan) throw new Error('no plan')
    seen = foreign.log.length
    const timing = { maxHistoryEvents: 60, stepHeartbeatMs: 2_000 }
    const { id } = await new PipelinesClient(stack.client, { timing }).start(plan, {})
    await until('a second execution', async () => (await historiesOf(stack.client, id)).length > 1)
    adopt({})
    expect((await finished(id)).status).toBe('completed')
    expect(triggers()).toHaveLength(12)
  })
})

describe('with bounds', () => {
  const bounded = `
name: bounded
connection: bounded
steps:
  first: { job_type: work, config: { duration_ms: 50 } }
`

  it('what never arrived is sent again once that is proven', async () => {
    adopt({ html: ['create_run'] })
    const id = await start(bounded)
    await until('it was sent', async () => posts().length === 1)
    adopt({})
    const view = await finished(id)
    expect(view).toMatchObject({ status: 'completed', warnings: [], connection: { mode: 'bounded' } })
    expect(triggers()).toHaveLength(1)
    expect(posts()).toHaveLength(2)
    const [lost, again] = posts()
    expect((again?.atMs ?? 0) - (lost?.atMs ?? 0)).toBeGreaterThanOrEqual(1_500)
  })

  it('the job of a completed run is deleted', async () => {
    await finished(await start(bounded))
    const [made] = triggers()
    expect(foreign.jobs.get(made?.job_id ?? '')?.isDeleted).toBe(true)
  })
})

describe('a cancel', () => {
  const long = `
name: long
steps:
  first: { job_type: work, config: { manual: true } }
  second: { needs: [first], job_type: work, config: {} }
`

  it.each<[string, Partial<Habits>]>([
    ['is confirmed by the end of the run', {}],
    ['takes its time', { cancelTakesMs: 2_000, cancelAnswer: 'accepted' }],
    ['is answered with nonsense', { cancelAnswer: 'nonsense' }],
    ['is answered with nothing', { cancelAnswer: 'no_content' }],
    ['is answered with a page', { cancelAnswer: 'html' }],
  ])('%s', async (_, habits) => {
    adopt(habits)
    const id = await start(long)
    await until('the run is open', async () => {
      const view = await stack.pipelines.show(id)
      return view.steps[0]?.job_run_id ?? undefined
    })
    await stack.pipelines.cancel(id)
    const view = await finished(id)
    expect(view.status).toBe('cancelled')
    expect(stepsOf(view)).toEqual(['first cancelled', 'second skipped'])
    expect(triggers().map(({ job_run_id }) => statusOf(job_run_id))).toEqual(['cancelled'])
  })

  it('reaches a run whose trigger was under way', async () => {
    adopt({ slowCommitMs: { create_run: 1_500 } })
    const earlier = arrivedTriggers
    const id = await start(long)
    await until('it is being triggered', () => arrivedTriggers > earlier)
    await stack.pipelines.cancel(id)
    expect((await finished(id)).status).toBe('cancelled')
    expect(triggers().map(({ job_run_id }) => statusOf(job_run_id))).toEqual(['cancelled'])
  })

  it('of a run that completed first leaves it completed', async () => {
    adopt({ cancelOfEnded: 400 })
    const id = await start(long)
    const jobRunId = await until('the run is open', async () => triggers()[0]?.job_run_id)
    await until('it waits', async () => (await stack.pipelines.show(id)).steps[0]?.job_run_id ?? undefined)
    // No look tells of the end before the cancel was asked for.
    adopt({ cancelOfEnded: 400, html: ['get_run', 'list_runs'] })
    foreign.endRun(jobRunId, 'completed')
    await stack.pipelines.cancel(id)
    await until('its run is told', () => requests().some(({ path }) => path.endsWith('/cancel')))
    adopt({ cancelOfEnded: 400 })
    expect(stepsOf(await finished(id))).toEqual(['first completed', 'second skipped'])
  })
})

describe('a step that runs a job which exists', () => {
  async function sharedJob(): Promise<string> {
    const headers = { authorization: `Bearer ${foreign.token}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ job_type: 'work', config: { job_type: 'work', duration_ms: 50 } })
    const response = await fetch(`${foreign.url}/jobs`, { method: 'POST', headers, body })
    return ((await response.json()) as { uuid: string }).uuid
  }
  const shared = (jobId: string, config: string) => `
name: shared
connection: bounded
steps:
  only: { job_id: ${jobId}, config: ${config} }
`

  it('takes the run that its trigger made, and none of those around it', async () => {
    const jobId = await sharedJob()
    foreign.addRun(jobId, { config: { label: 'x' } })
    const id = await start(shared(jobId, '{ label: x }'))
    const view = await finished(id)
    expect(view.status).toBe('completed')
    expect(view.steps[0]?.job_run_id).toBe(triggers()[0]?.job_run_id)
  })

  it('whose answer was lost is adopted if its config names the pipeline run', async () => {
    adopt({ htmlAfter: ['create_run'] })
    const jobId = await sharedJob()
    const id = await start(shared(jobId, `{ label: '\${{ pipeline.run_id }}' }`))
    const view = await finished(id)
    expect(view.steps[0]?.job_run_id).toBe(triggers()[0]?.job_run_id)
    expect(posts()).toHaveLength(1)
  })

  it('whose answer was lost waits for a person otherwise, and adopts nobody', async () => {
    adopt({ htmlAfter: ['create_run'] })
    const jobId = await sharedJob()
    const id = await start(shared(jobId, '{ label: x }'))
    await until('it was triggered', async () => triggers().length === 1)
    foreign.addRun(jobId, { config: { label: 'x' } })
    const view = await until('it is held', async () => {
      const shown = await stack.pipelines.show(id)
      return shown.status === 'held' && shown
    })
    expect(view.steps[0]).toMatchObject({ status: 'trigger_unknown', job_run_id: null })
    expect(view.steps[0]?.unknown_trigger?.candidates.map((each) => each.job_run_id)).toContain(
      triggers()[0]?.job_run_id,
    )
    await stack.pipelines.cancel(id)
    expect((await finished(id)).status).toBe('cancelled')
  })
})

describe('secrets', () => {
  it('reach the server, and are recorded nowhere', async () => {
    const text = `
name: secretive
steps:
  first:
    job_type: work
    config: { token: '\${{ secrets.CANARY }}', header: 'Bearer \${{ secrets.SECOND }}', outputs: { echo: '\${{ secrets.CANARY }}' } }
  second: { needs: [first], job_type: work, config: { echo: '\${{ steps.first.outputs.echo }}' } }
outputs: { run: '\${{ steps.first.run }}', echo: '\${{ steps.first.outputs.echo }}' }
`
    const id = await start(text)
    const view = await finished(id)
    expect(view.status).toBe('completed')
    expect(triggers()[0]?.config).toMatchObject({
      token: 'canary-4711-of-a-secret',
      header: 'Bearer canary-4712-of-a-function',
    })
    expect(view.outputs['echo']).toBe('***')
    const history = await stack.client.workflow.getHandle(id).fetchHistory()
    const payloads = [...JSON.stringify(history).matchAll(/"data":"([^"]*)"/g)]
      .map(([, base64 = '']) => Buffer.from(base64, 'base64').toString())
      .join('\n')
    expect(payloads).toContain('$secret')
    expect(payloads + JSON.stringify([view, history]) + stack.stderr('worker')).not.toContain('canary-47')
  })
})
