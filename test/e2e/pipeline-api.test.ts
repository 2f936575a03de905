import { afterAll, beforeAll, expect, test } from 'vitest'
import { JobsApiError, PipelineRunsClient, PipelineSchedulesClient } from '../../src/client/index.ts'
import { untilOver } from '../helpers/over.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** What HTTP makes of runs that are really in Temporal. */

let on: TestStack
let runs: PipelineRunsClient
let strangers: PipelineRunsClient
let schedules: PipelineSchedulesClient
const otherToken = 'test-token-of-another-one'
beforeAll(async () => {
  on = await startTestStack({
    database: 'postgres',
    env: {
      JOBWRIGHT_TOKENS: `default/dev@localhost=test-token-of-a-developer,other/x@localhost=${otherToken}`,
    },
  })
  runs = new PipelineRunsClient({ baseUrl: on.apiUrl, token: on.token, timeoutMs: 30_000 })
  schedules = new PipelineSchedulesClient({ baseUrl: on.apiUrl, token: on.token, timeoutMs: 30_000 })
  strangers = new PipelineRunsClient({ baseUrl: on.apiUrl, token: otherToken, timeoutMs: 30_000 })
})
afterAll(() => on?.stop())

const nap = (duration = '1ms') =>
  `name: nap\nsteps: { nap: { job_type: sleep, config: { duration: ${duration} } } }\n`
const finished = (client: PipelineRunsClient, id: string) => untilOver(client, id)

test('fifty starts under one key are one run, whichever of them is answered first', async () => {
  const started = await Promise.all(
    Array.from({ length: 50 }, () => runs.start({ yaml: nap() }, { idempotencyKey: 'fifty' })),
  )
  expect(new Set(started.map(({ id }) => id)).size).toBe(1)
  const refused = runs.start({ yaml: nap('2ms') }, { idempotencyKey: 'fifty' })
  await expect(refused).rejects.toMatchObject({ status: 422, code: 'idempotency_key_reused' })
  const other = await strangers.start({ yaml: nap('2ms') }, { idempotencyKey: 'fifty' })
  expect(other.id).not.toBe(started[0]?.id)
  await expect(strangers.show(started[0]?.id ?? '')).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
  // Its workers' connection acts for another workspace: the run says so.
  const { status, steps } = await finished(strangers, other.id)
  expect([status, steps[0]?.error?.code]).toEqual(['failed', 'wrong_workspace'])
})

test('runs are listed page by page, each once, and by their filters', async () => {
  const held = await runs.start({ yaml: nap('60s') })
  const ids = [held.id]
  for (let n = 0; n < 6; n++) {
    const { id } = await runs.start({ yaml: nap() })
    ids.push(id)
    if (n > 0) await finished(runs, id)
  }
  const all = async (query: Parameters<PipelineRunsClient['list']>[0]) => {
    const found: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await runs.list({ ...query, limit: 2, ...(cursor === undefined ? {} : { cursor }) })
      found.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor
      if (cursor === undefined) return found
    }
  }
  // The list follows what happens: all of them are in it, and it has heard of all ends but one.
  await until('all of them', async () => {
    const listed = await all({ pipeline: 'nap' })
    return ids.every((id) => listed.includes(id))
  })
  await until('only that one runs', async () => (await all({ status: ['running'] })).join() === held.id)
  expect(await all({ status: ['running'] })).toEqual([held.id])
  const found = await all({ pipeline: 'nap' })
  expect(new Set(found).size).toBe(found.length)
  expect(found[0]).toBe(held.id)
  expect(await all({ started_before: '2020-01-01' })).toEqual([])
  expect(await all({ owner: 'x@localhost' })).toEqual([])
  expect((await all({ started_after: '2020-01-01' })).length).toBe(found.length)
  const cursor = (await runs.list({ limit: 1 })).next_cursor ?? ''
  await expect(strangers.list({ cursor })).rejects.toMatchObject({ status: 422, code: 'bad_cursor' })
  await runs.cancel(held.id)
  expect((await finished(runs, held.id)).status).toBe('cancelled')
  await expect(runs.cancel(held.id)).rejects.toMatchObject({ status: 409, code: 'pipeline_run_terminal' })
})

test('a run keeps the version that it began with, and says which', async () => {
  await runs.savePipeline('nap', nap('1ms'))
  const first = await runs.start({ pipeline: 'nap' })
  await runs.savePipeline('nap', nap('2ms'))
  const second = await runs.start({ pipeline: 'nap' })
  expect([first.pipeline_version, second.pipeline_version]).toEqual([1, 2])
  expect(await finished(runs, first.id)).toMatchObject({ pipeline_version: 1, status: 'completed' })
})

test('a schedule fires each of its times once, and says what became of each', async () => {
  const often = { every: '2s', overlap: 'allow' }
  const source = { yaml: nap() }
  const apply = () => schedules.apply('often', source, { schedule: often })
  expect(await schedules.apply('often', source, { schedule: often, dryRun: true })).toMatchObject({
    change: 'created',
    schedule: null,
  })
  await expect(schedules.show('often')).rejects.toMatchObject({ status: 404, code: 'unknown_schedule' })
  const applied = await Promise.all([apply(), apply(), apply(), apply(), apply()])
  expect(applied.map(({ change }) => change).toSorted()).toEqual([
    'created',
    ...Array.from({ length: 4 }, () => 'unchanged'),
  ])
  const fired = await until('three of its times', async () => {
    const { items } = await schedules.ticks('often', { outcome: ['fired'] })
    return items.length >= 3 && items
  })
  const times = fired.map(({ nominal_at }) => Date.parse(nominal_at))
  expect(times.every((time, at) => at === 0 || time === (times[at - 1] ?? 0) + 2_000)).toBe(true)
  const started = fired.map(({ run }) => run ?? '')
  await until('its runs in the list', async () => {
    const { items } = await runs.list({ schedule: 'often' })
    return started.every((id) => items.some((run) => run.id === id))
  })
  const { items: others } = await runs.list({ schedule: 'other' })
  expect(others).toEqual([])
  expect(await finished(runs, started[0] ?? '')).toMatchObject({
    status: 'completed',
    schedule: { name: 'often', scheduled_for: fired[0]?.nominal_at },
  })

  expect(await schedules.pause('often', { note: 'enough' })).toMatchObject({ paused: true })
  expect(await apply()).toMatchObject({ change: 'unchanged', schedule: { paused: true } })
  const byHand = await Promise.all(
    Array.from({ length: 10 }, () => schedules.trigger('often', { idempotencyKey: 'by-hand' })),
  )
  expect(new Set(byHand.map(({ id }) => id)).size).toBe(1)
  const { items: manual } = await schedules.ticks('often', { outcome: ['manual'] })
  expect(manual.map(({ run }) => run)).toEqual([byHand[0]?.id])
  const { ticks, differences, compared } = await schedules.simulation('often', { count: 5, assume: '3s' })
  expect([ticks.length, differences, compared]).toEqual([5, [], true])
  // It is paused, and goes on to note each time that passes so.
  const rows = async () => (await schedules.ticks('often')).items.length
  const before = await rows()
  const csvRows = (await schedules.ticksCsv('often')).split('\r\n').length - 2
  expect([before, csvRows, await rows()].toSorted((a, b) => a - b)[1]).toBe(csvRows)

  const foreign = new PipelineSchedulesClient({ baseUrl: on.apiUrl, token: otherToken, timeoutMs: 30_000 })
  expect((await foreign.list()).items).toEqual([])
  await expect(foreign.trigger('often')).rejects.toMatchObject({ status: 404, code: 'unknown_schedule' })
  expect((await schedules.list()).items.map(({ name }) => name)).toEqual(['often'])
  await schedules.delete('often')
  await expect(schedules.show('often')).rejects.toMatchObject({ status: 404 })
})

test('a backfill makes up for what was not there, and once only', async () => {
  await runs.savePipeline('nap', nap('3ms'))
  const schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin', paused: true }
  const { schedule: made } = await schedules.apply('nightly', { pipeline: 'nap' }, { schedule })
  expect(made).toMatchObject({ paused: true, pipeline_version: expect.any(Number) })
  const range = { from: '2026-03-28', until: '2026-04-02' }
  const planned = await schedules.planBackfill('nightly', range)
  expect(planned.lines.map(({ nominal_at }) => nominal_at)).toEqual([
    '2026-03-28T01:30:00.000Z',
    // 02:30 does not exist on that day.
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
    '2026-03-31T00:30:00.000Z',
    '2026-04-01T00:30:00.000Z',
  ])
  const start = () => schedules.backfill('nightly', range, { idempotencyKey: 'spring' })
  const { id } = await start()
  expect((await start()).id).toBe(id)
  const over = await until('its end', async () => {
    const view = await schedules.showBackfill('nightly', id)
    return view.finished_at !== null && view
  })
  expect(over).toMatchObject({ status: 'completed', counts: { ticks: 5, completed: 5 } })
  const again = await schedules.planBackfill('nightly', range)
  expect([again.runs, again.lines.map(({ status }) => status)]).toEqual([
    0,
    Array.from({ length: 5 }, () => 'completed'),
  ])
  expect((await schedules.backfills('nightly')).items.map((backfill) => backfill.id)).toEqual([id])
  await expect(schedules.pauseBackfill('nightly', id)).rejects.toMatchObject({ status: 409 })
  await expect(schedules.showBackfill('often', id)).rejects.toMatchObject({ code: 'unknown_backfill' })
  const endless = schedules.backfill('nightly', { from: '2026-04-02', until: '2999-01-01' })
  await expect(endless).rejects.toMatchObject({ status: 422, code: 'future_range' })
  await schedules.delete('nightly')
})

test('without Temporal, runs are not to be had and jobs are', async () => {
  const { id } = await runs.start({ yaml: nap() })
  await finished(runs, id)
  await on.kill('temporal')
  const failure = await runs.show(id).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(JobsApiError)
  expect(failure).toMatchObject({ status: 503, code: 'temporal_unavailable', retryAfterMs: 2_000 })
  await expect(schedules.list()).rejects.toMatchObject({ status: 503, code: 'temporal_unavailable' })
  expect((await on.api.listJobRuns({})).items.length).toBeGreaterThan(0)
  await on.start('temporal')
  await until('the run', async () => (await runs.show(id)).status === 'completed')
})
