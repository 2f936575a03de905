import { afterAll, beforeAll, expect, test } from 'vitest'
import { JobsApiError, PipelineRunsClient } from '../../src/client/index.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** What HTTP makes of runs that are really in Temporal. */

let on: TestStack
let runs: PipelineRunsClient
let strangers: PipelineRunsClient
const otherToken = 'test-token-of-another-one'
beforeAll(async () => {
  on = await startTestStack({
    env: {
      JOBWRIGHT_TOKENS: `default/dev@localhost=test-token-of-a-developer,other/x@localhost=${otherToken}`,
    },
  })
  runs = new PipelineRunsClient({ baseUrl: on.apiUrl, token: on.token, timeoutMs: 30_000 })
  strangers = new PipelineRunsClient({ baseUrl: on.apiUrl, token: otherToken, timeoutMs: 30_000 })
})
afterAll(() => on?.stop())

const nap = (duration = '1ms') =>
  `name: nap\nsteps: { nap: { job_type: sleep, config: { duration: ${duration} } } }\n`
const finished = (client: PipelineRunsClient, id: string) =>
  until(`the end of ${id}`, async () => {
    const view = await client.show(id)
    return view.finished_at !== null && view
  })

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
  const found = await until('all of them', async () => {
    const listed = await all({ pipeline: 'nap' })
    return ids.every((id) => listed.includes(id)) && listed
  })
  expect(new Set(found).size).toBe(found.length)
  expect(found[0]).toBe(held.id)
  expect(await all({ status: ['running'] })).toEqual([held.id])
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

test('without Temporal, runs are not to be had and jobs are', async () => {
  const { id } = await runs.start({ yaml: nap() })
  await finished(runs, id)
  await on.kill('temporal')
  const failure = await runs.show(id).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(JobsApiError)
  expect(failure).toMatchObject({ status: 503, code: 'temporal_unavailable', retryAfterMs: 2_000 })
  expect((await on.api.listJobRuns({})).items.length).toBeGreaterThan(0)
  await on.start('temporal')
  await until('the run', async () => (await runs.show(id)).status === 'completed')
})
