// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { Context } from '@temporalio/activity'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LimitView } from '../../src/limit/index.ts'
import type { JobRunRecord } from '../../src/pipeline/index.ts'
import { until as untilNamed } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

let on: Scripted
/** Ends the job runs that wait, by the id of the pipeline run's first execution and the step. */
let release: Map<string, (record: JobRunRecord) => void>
let started: string[]
/** Each test has a key of its own. */
let key = ''
let count = 0
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  key = `key-${++count}`
  started = []
  release = new Map()
  openRuns()
})
afterEach(async () => {
  on.api = {}
})

const until = <T>(probe: Parameters<typeof untilNamed<T>>[1]) => untilNamed(String(probe), probe, 30_000)
const handle = (id: string) => on.stack.client.workflow.getHandle(id)
const limitId = (of = key) => `jobwright-limit-/${of}`
const limit = () => handle(limitId()).query<LimitView>('limit')
const ended = (id: string) =>
  handle(id)
    .result()
    .catch(() => undefined)
const show = (id: string) => on.pipelines().show(id)
const statusOf = async (id: string) => (await handle(id).describe()).status.name

/** Job runs stay open until the test, or a cancel, ends them; they are known by the id of their pipeline run. */
function openRuns(): void {
  const idOf = () => Context.current().info.workflowExecution?.workflowId ?? ''
  on.api.trigger = async (input) => {
    started.push(`${idOf()}/${input.step}/${input.item ?? '-'}`)
    return { ...openRun(input), jobRunId: `${idOf()}/${input.step}/${input.item ?? '-'}` }
  }
  on.api.wait = (jobRunId) =>
    Promise.race([
      new Promise<JobRunRecord>((resolve) => release.set(jobRunId, resolve)),
      Context.current().cancelled,
    ])
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
}

async function finish(id: string, step = 'work', item: number | '-' = '-'): Promise<void> {
  const jobRunId = `${id}/${step}/${item}`
  await until(() => release.has(jobRunId))
  const record = recordOf({ step, item: item === '-' ? null : item, generation: 1 })
  release.get(jobRunId)?.({ ...record, jobRunId })
}

/** A pipeline run that waits for its place is `pending`. */
const isPending = async (id: string) => (await show(id)).status === 'pending'

const plan = (concurrency: string, more = '') =>
  planFrom(`
name: limited
inputs: { key: { type: string, default: none }, parts: { type: array, default: [a, b, c] } }
concurrency: { key: '${'${{ inputs.key }}'}', ${concurrency} }
${more}
steps:
  work: { job_type: x }
`)
const start = async (of: ReturnType<typeof planFrom>, timing = {}) =>
  (await on.pipelines(timing).start(of, { key })).id

describe('a limit of pipelines', () => {
  it('runs wait for a place, by priority, and give it back however they end', async () => {
    const first = await start(plan('limit: 1'))
    await until(() => started.length === 1)
    const later = await start(plan('limit: 1', 'priority: 4'))
    await until(() => isPending(later))
    const sooner = await start(plan('limit: 1', 'priority: 1'))
    await until(async () => (await limit()).waiting.length === 2)
    const pending = await until(async () => {
      const { runs } = await on.pipelines().list({ statuses: ['pending'] })
      return runs.length === 2 && runs
    })
    expect(pending.map(({ id }) => id).sort()).toEqual([later, sooner].sort())
    expect((await show(later)).queue).toMatchObject({
      key,
      limit: 1,
      priority: 4,
      position: 2,
      holders: [{ pipeline_run_id: first }],
    })
    await handle(first).cancel()
    await until(() => started.length === 2)
    expect(started[1]).toBe(`${sooner}/work/-`)
    await finish(sooner)
    await finish(later)
    await ended(later)
    expect([await statusOf(first), await statusOf(sooner), await statusOf(later)]).toEqual([
      'CANCELLED',
      'COMPLETED',
      'COMPLETED',
    ])
    // Nobody has a place, nobody waits: nothing is kept.
    await until(async () => (await statusOf(limitId())) === 'COMPLETED')
  })

  it('cancelled while it waits, a run leaves the line and begins nothing', async () => {
    const first = await start(plan('limit: 1'))
    await until(() => started.length === 1)
    const waits = await start(plan('limit: 1'))
    await until(() => isPending(waits))
    await handle(waits).cancel()
    await ended(waits)
    expect(await show(waits)).toMatchObject({ status: 'cancelled', steps: [{ status: 'skipped' }] })
    expect((await limit()).waiting).toEqual([])
    await finish(first)
    await ended(first)
  })

  it('a run that is terminated, waiting or at work, leaks no place', async () => {
    const first = await start(plan('limit: 1'))
    await until(() => started.length === 1)
    const waits = await start(plan('limit: 1'))
    await until(async () => (await limit()).waiting.length === 1)
    const last = await start(plan('limit: 1'))
    await until(async () => (await limit()).waiting.length === 2)
    await handle(waits).terminate()
    await handle(first).terminate()
    await finish(last)
    await ended(last)
    expect(await statusOf(last)).toBe('COMPLETED')
  })

  it('skip: a run for which there is no place ends at once, and says why', async () => {
    const first = await start(plan('limit: 1, when_full: skip'))
    await until(() => started.length === 1)
    const second = await start(plan('limit: 1, when_full: skip'))
    await ended(second)
    const view = await show(second)
    expect(view).toMatchObject({
      status: 'cancelled',
      warnings: [`there was no place under the key ${key}: ${first} has it`],
    })
    await finish(first)
    await ended(first)
  })

  it('cancel_previous: the run before ends, and only then the next one begins', async () => {
    let isCancelled = false
    let mayEnd = () => {}
    const held = new Promise<void>((resolve) => {
      mayEnd = resolve
    })
    on.api.cancel = async (input) => {
      isCancelled = true
      await held
      return recordOf(input, 'cancelled')
    }
    const first = await start(plan('limit: 1, when_full: cancel_previous'))
    await until(() => started.length === 1)
    const second = await start(plan('limit: 1, when_full: cancel_previous'))
    await until(() => isCancelled)
    const third = await start(plan('limit: 1, when_full: cancel_previous'))
    await ended(second)
    expect(started).toHaveLength(1)
    mayEnd()
    await finish(third)
    await ended(third)
    expect((await show(first)).warnings).toEqual([`its place under the key ${key} goes to ${second}`])
    expect(await statusOf(first)).toBe('CANCELLED')
    expect(await show(second)).toMatchObject({ status: 'cancelled', steps: [{ status: 'skipped' }] })
    expect(started).toEqual([`${first}/work/-`, `${third}/work/-`])
  })

  it('a key that is none fails the run, and leaves nobody waiting', async () => {
    const bad = planFrom(
      'name: bad\ninputs: { key: { type: string } }\nconcurrency: { key: "${{ inputs.key.substring(3) }}" }\nsteps: { work: { job_type: x } }',
    )
    const { id } = await on.pipelines().start(bad, { key: 'abc' })
    await ended(id)
    const view = await show(id)
    expect(view.status).toBe('failed')
    expect(view.warnings[0]).toMatch(
      /did not begin: the key of `concurrency` must be text or a number, found an empty text/,
    )
    expect(await statusOf(id)).toBe('FAILED')
  })

  it('goes on as a new execution with all who have places and all who wait', async () => {
    const timing = { maxHistoryEvents: 30 }
    const ids: string[] = []
    for (let index = 0; index < 6; index += 1) ids.push(await start(plan('limit: 2'), timing))
    for (let index = 0; index < 6; index += 1) {
      await until(() => started.length > index)
      await finish(started[index]?.split('/')[0] ?? '')
    }
    for (const id of ids) await ended(id)
    expect(await Promise.all(ids.map(statusOf))).toEqual(ids.map(() => 'COMPLETED'))
  })
})

describe('a limit of steps', () => {
  const steps = (concurrency: string, more = '') =>
    planFrom(`
name: limited
inputs: { key: { type: string }, parts: { type: array, default: [a, b, c] } }
steps:
  work: { job_type: x, for_each: '${'${{ inputs.parts }}'}', concurrency: { key: '${'${{ inputs.key }}'}', ${concurrency} }${more} }
`)

  it('an item and generation has a place of its own, and its time does not count while it waits', async () => {
    const first = await start(steps('limit: 2'))
    await until(() => started.length === 2)
    const second = await start(steps('limit: 2', ', timeout: 10s'))
    await until(async () => (await limit()).waiting.length === 4)
    const line = (await show(second)).steps.find(({ queue }) => queue)
    expect(line).toMatchObject({ status: 'pending', generation: 1, queue: { key, limit: 2 } })
    // Longer than its steps may take.
    const sinceMs = Date.parse(line?.queue?.since ?? '')
    await until(() => Date.now() - sinceMs > 10_500)
    let most = 0
    for (let index = 0; index < 6; index += 1) {
      await until(() => started.length > index)
      most = Math.max(most, started.length - index)
      const [id = '', step, item] = (started[index] ?? '').split('/')
      await finish(id, step, Number(item))
    }
    for (const id of [first, second]) await ended(id)
    expect([await statusOf(first), await statusOf(second)]).toEqual(['COMPLETED', 'COMPLETED'])
    expect(most).toBe(2)
  })

  it('skip: items without a place are skipped, and a step without any item that ran is skipped', async () => {
    const first = await start(steps('limit: 1, when_full: skip'))
    await until(() => started.length === 1)
    const second = await start(steps('limit: 1, when_full: skip'))
    await ended(second)
    expect(await show(second)).toMatchObject({
      status: 'completed',
      steps: [0, 1, 2].map((item) => ({
        item,
        status: 'skipped',
        skipped_because: `there was no place under the key ${key}: ${first} has it`,
      })),
    })
    const [id = '', step, item] = (started[0] ?? '').split('/')
    await finish(id, step, Number(item))
    await ended(first)
  })

  it('cancel_previous: a step is cancelled whose place goes to another one, and no other generation follows', async () => {
    const one = planFrom(`
name: limited
inputs: { key: { type: string } }
steps:
  work: { job_type: x, retry: { attempts: 3 }, concurrency: { key: '${'${{ inputs.key }}'}', when_full: cancel_previous } }
`)
    const first = await start(one)
    await until(() => started.length === 1)
    const second = await start(one)
    await ended(first)
    expect(await show(first)).toMatchObject({
      status: 'failed',
      steps: [{ status: 'cancelled', generation: 1, error: { code: 'superseded' } }],
    })
    await finish(second)
    await ended(second)
    expect(await statusOf(second)).toBe('COMPLETED')
  })

  it('a run that holds the place that its step, or a nested run, asks for is refused', async () => {
    const inner = planFrom(
      'name: inner\ninputs: { key: { type: string } }\nconcurrency: { key: "${{ inputs.key }}" }\nsteps: { work: { job_type: x } }',
    )
    const outer = planFrom(
      'name: outer\ninputs: { key: { type: string } }\nconcurrency: { key: "${{ inputs.key }}" }\nsteps: { nested: { pipeline: inner, inputs: { key: "${{ inputs.key }}" } } }',
      { inner },
    )
    const id = await start(outer)
    await ended(id)
    const view = await show(id)
    expect(view.status).toBe('failed')
    expect(view.steps[0]?.error?.message).toMatch(/would wait for itself/)
    await until(async () => (await statusOf(limitId())) === 'COMPLETED')
  })
})
