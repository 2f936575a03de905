import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PipelineRunView } from '../../src/pipelines/index.ts'
import type { FaultRule, HeldExchange } from '../../src/testing/index.ts'
import { noHabits } from '../foreign-server/index.ts'
import { until } from '../helpers/until.ts'
import { itSurvivesKillsAndFaults } from './kills.ts'
import { outage } from './outage.ts'
import { compiled, pipelineOf } from './pipelines.ts'
import { Ties } from './trial.ts'
import { nothingLeft } from './verdict.ts'
import { type ForeignWorld, startForeignWorld } from './worlds.ts'

/** Kills, faults and strangers on a server that knows nothing of us. `npm run test:faults` tries many more seeds. */

let world: ForeignWorld
let ties: Ties
beforeAll(async () => {
  world = await startForeignWorld()
  ties = new Ties(world)
})
afterAll(() => world?.stop())
afterEach(() => {
  Object.assign(world.foreign.habits, noHabits())
  world.proxy.setScript({ rules: [] })
})

itSurvivesKillsAndFaults(
  () => ({ world, ties }),
  () => Object.assign(world.foreign.habits, { cancelTakesMs: 4_000 }),
)

const over = (id: string): Promise<PipelineRunView> =>
  until(
    'the pipeline run is over',
    async () => {
      const view = await world.stack.pipelines.show(id)
      if (view.finished_at !== null) return view
      throw new Error(JSON.stringify(view))
    },
    50_000,
  )
const held = (id: string): Promise<PipelineRunView> =>
  until('it is held', async () => {
    const view = await world.stack.pipelines.show(id)
    return view.status === 'held' && view
  })
const madeFor = (text: string) =>
  world.foreign.log.flatMap(({ made }) =>
    JSON.stringify(made?.config ?? '').includes(text) && made ? [made] : [],
  )
const cancelsOf = (uuid: string) =>
  world.foreign.log.filter(({ path: to }) => to === `/job-runs/${uuid}/cancel`)
const aDayAgo = () => Date.now() - 24 * 3_600_000

describe('a stranger is never adopted', () => {
  /** The first request to trigger is dropped, or its answer; then a person starts something before anybody looks. */
  function loseTrigger(id: string, what: 'request' | 'answer', then: (jobId: string) => void) {
    const where = ({ body }: HeldExchange) => ties.labelOf(body)?.startsWith(`${id}/`) === true
    if (what === 'request')
      world.proxy.setScript({
        rules: [{ operation: 'createJobRun', nth: 1, fault: { kind: 'drop_request' } }],
      })
    return world.proxy.onPoint(
      { at: what === 'request' ? 'before_send' : 'after_commit', operation: 'createJobRun', where },
      ({ body, cut }) => {
        then((JSON.parse(body) as { job_id: string }).job_id)
        cut()
      },
    ).reached
  }

  it.each(['strict', 'bounded'] as const)(
    'that a person starts on the job of a step while nobody knows what became of its trigger: %s',
    async (mode) => {
      const id = `window-${mode}`
      const plan = pipelineOf('chain', {
        connection: world.connectionOf(mode),
        sharedJobId: world.sharedJobId,
      })
      let stranger = ''
      const lost = loseTrigger(id, 'request', (jobId) => {
        stranger = world.foreign.addRun(jobId, { createdBy: 'ada@example.com', config: {} }).uuid
      })
      await world.stack.pipelines.start(plan, {}, { id })
      await lost
      // Also with bounds: a run beside it may have been sent under another name, so that a person is asked.
      const asked = await held(id)
      expect(asked.steps[0]).toMatchObject({ status: 'trigger_unknown', job_run_id: null })
      await world.stack.pipelines.trigger(id, { step: 'first' })
      const view = await over(id)
      expect(view.status).toBe('completed')
      expect(view.steps[0]?.job_run_id).toBe(madeFor(`${id}/first`)[0]?.job_run_id)
      expect(view.steps.map(({ job_run_id }) => job_run_id)).not.toContain(stranger)
      expect(cancelsOf(stranger)).toEqual([])
    },
  )

  it('of older runs, of another pipeline run and of a person, on a job that is shared, in a list that shows the oldest first', async () => {
    const { foreign, stack, api } = world
    const job = await api.createJob({ job_type: 'work', config: { job_type: 'work' } })
    const plant = (label: string, at: object) =>
      foreign.addRun(job.uuid, { config: { label, duration_ms: 300 }, ...at }).uuid
    Object.assign(foreign.habits, { listOrder: 'oldest' })
    const strangers = [1, 2, 3].map(() => plant('x', { createdAtMs: aDayAgo(), status: 'completed' }))
    const ids = ['shared-a', 'shared-b']
    await Promise.all(
      ids.map(async (id) => {
        const plan = pipelineOf('shared', { connection: 'bounded', sharedJobId: job.uuid })
        const lost = loseTrigger(id, 'answer', () => {
          strangers.push(plant(`${id}/first`, { createdBy: 'ada@example.com' }), plant('x', {}))
        })
        await stack.pipelines.start(plan, {}, { id })
        await lost
      }),
    )
    for (const id of ids) {
      const view = await over(id)
      expect(view.status).toBe('completed')
      const made = madeFor(`${id}/first`)
      expect(made).toHaveLength(1)
      expect(view.steps[0]?.job_run_id).toBe(made[0]?.job_run_id)
    }
    for (const uuid of strangers) expect(cancelsOf(uuid)).toEqual([])
  })

  it('of two pipeline runs of the same config on one job, when none says whose it is: both ask a person', async () => {
    const { stack, api } = world
    const job = await api.createJob({ job_type: 'work', config: { job_type: 'work' } })
    const text = `name: alike\nconnection: bounded\nsteps: { only: { job_id: '${job.uuid}', config: { duration_ms: 50 } } }`
    world.proxy.setScript({
      rules: [{ operation: 'createJobRun', nth: { from: 1, to: 2 }, fault: { kind: 'drop_answer' } }],
    })
    const ids = ['alike-a', 'alike-b']
    await Promise.all(ids.map((id) => stack.pipelines.start(compiled(text), {}, { id })))
    for (const id of ids) {
      const view = await held(id)
      expect(view.steps[0]?.job_run_id).toBeNull()
      await stack.pipelines.fail(id, { step: 'only' })
      expect((await over(id)).status).toBe('failed')
    }
    expect(world.foreign.log.filter(({ made }) => made?.job_id === job.uuid)).toHaveLength(2)
  })
})

it('a token that expires in the middle is read again, also when it takes a while to be there', async () => {
  const { foreign, stack } = world
  const plan = pipelineOf('diamond', { connection: 'bounded', sharedJobId: world.sharedJobId })
  const id = 'token'
  await stack.pipelines.start(plan, {}, { id })
  await until('it is under way', () => madeFor(`${id}/first`).length === 1)
  Object.assign(foreign.habits, { token: 'the-next-token-0123456789' })
  await until('it is refused', () => foreign.log.filter(({ status }) => status === 401).length > 0)
  const file = path.join(stack.dataDir, 'token')
  await writeFile(file, 'the-next-token-0123456789')
  expect((await over(id)).status).toBe('completed')
  await rm(file)
  expect(madeFor(`${id}/`)).toHaveLength(6)
})

it('a server that is busy for a while, at every operation, costs time, and a cancel comes through', async () => {
  const { stack, proxy, foreign } = world
  const fault = { kind: 'server_error', status: 503, isDone: false, retryAfter: '1' } as const
  const operations = ['createJob', 'createJobRun', 'listJobRuns', 'getJobRun', 'cancelJobRun'] as const
  const rules: FaultRule[] = operations.map((operation) => ({ operation, nth: { from: 1, to: 2 }, fault }))
  const start = (id: string, firstMs: number) => {
    const plan = pipelineOf('chain', { connection: 'bounded', sharedJobId: world.sharedJobId, firstMs })
    return stack.pipelines.start(plan, {}, { id })
  }
  proxy.setScript({ rules })
  await Promise.all([start('busy', 300), start('busy-cancelled', 60_000)])
  await until(
    'it runs',
    async () => (await stack.pipelines.show('busy-cancelled')).steps[0]?.job_run_id ?? false,
  )
  await stack.pipelines.cancel('busy-cancelled')
  expect((await over('busy')).status).toBe('completed')
  const view = await over('busy-cancelled')
  expect(view.status).toBe('cancelled')
  expect(madeFor('busy/')).toHaveLength(4)
  const [first, clean, ...others] = madeFor('busy-cancelled/')
  expect(others).toEqual([])
  expect(clean?.config['label'], JSON.stringify(view)).toBe('busy-cancelled/tidy')
  expect(foreign.runs.get(first?.job_run_id ?? '')?.history.at(-1)?.status).toBe('cancelled')
  for (const operation of operations)
    expect(proxy.log.some((entry) => entry.operation === operation && entry.isHit && entry.fault)).toBe(true)
})

it('an outage while many wait fails no step, and costs few requests', async () => {
  const { view, during, after } = await outage(world, { waits: 100, ms: 10_000 })
  expect(view).toMatchObject({ status: 'completed', warnings: [] })
  // A few to find out, and then one in five seconds.
  expect(during).toBeLessThanOrEqual(8)
  // Not one for each that ended meanwhile.
  expect(after).toBeLessThan(50)
}, 120_000)

it('in the end nothing is open, and nobody asks for anything', () => nothingLeft(world))
