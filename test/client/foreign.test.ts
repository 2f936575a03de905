import { describe, expect, test } from 'vitest'
import { discoverCapabilities, incompleteness, JobsClient } from '../../src/client/index.ts'
import { isTerminalStatus } from '../../src/contract/index.ts'
import { type Habits, startForeignServer } from '../foreign-server/index.ts'
import { until } from '../helpers/until.ts'

/** The client against a server that shares no code with it, with one habit at a time. */

async function startWith(habits: Partial<Habits>) {
  const server = await startForeignServer({ durationMs: 60_000, habits })
  const api = new JobsClient({ baseUrl: server.url, token: server.token })
  return { server, api, [Symbol.asyncDispose]: () => server.stop() }
}

/** Habits with which all that pipelines do goes through. */
const harmless: Partial<Habits>[] = [
  {},
  { capabilities: 'html' },
  { gzip: true },
  { extraFields: true, timestamps: 'offset', clockOffMs: -7_200_000 },
  { missingFields: ['job_name', 'config', 'created_by', 'created_at', 'updated_at', 'is_deleted', 'name'] },
  { missingFields: ['output_references', 'description'], configEcho: 'none' },
  { ids: 'text', listOrder: 'mixed' },
  { outputReferences: 'nested' },
  { redirect: { endpoints: ['get_run', 'list_runs', 'get_job', 'list_schemas'], status: 307, to: 'same' } },
  { cancelAnswer: 'html' },
  { cancelAnswer: 'nonsense' },
  { cancelAnswer: 'no_content' },
  { cancelAnswer: 'accepted', cancelTakesMs: 50 },
]

describe('a job, from its schema to the end of its run,', () => {
  test.each(harmless)('on a server with %j', async (habits) => {
    await using world = await startWith(habits)
    const { api, server } = world
    expect(await discoverCapabilities(api)).toBeUndefined()
    const [type] = await api.listJobSchemas()
    const job_type = type?.job_type ?? ''
    const job = await api.createJob({ job_type, config: { job_type } })
    expect((await api.getJob(job.uuid)).uuid).toBe(job.uuid)
    expect(await api.getLatestRun(job.uuid)).toBeUndefined()
    const run = await api.createJobRun({ job_id: job.uuid })
    expect(run.job_id).toBe(job.uuid)
    const list = await api.listJobRuns({ job_id: job.uuid })
    expect([list.items.map(({ uuid }) => uuid), incompleteness(list)]).toEqual([[run.uuid], undefined])
    expect(await api.getLatestRun(job.uuid)).toMatchObject({ uuid: run.uuid, job_id: job.uuid })
    await api.cancelJobRun(run.uuid)
    const over = await until('the run is over', async () => {
      const seen = await api.getJobRun(run.uuid)
      return isTerminalStatus(seen.status) && seen
    })
    expect(over.status).toBe('cancelled')
    await api.deleteJob(job.uuid)
    expect(server.log.filter(({ made }) => made)).toHaveLength(1)
  })
})

describe('what cannot be relied on', () => {
  test.each<[Partial<Habits>, RegExp]>([
    [{ count: 'wrong' }, /its count is 4, its items are 1/],
    [{ listCap: 0, count: 'matching' }, /its count is 1, its items are 0/],
  ])('is noticed in a list: %j', async (habits, why) => {
    await using world = await startWith({})
    const { api, server } = world
    const job = await api.createJob({ job_type: 'work', config: { job_type: 'work' } })
    await api.createJobRun({ job_id: job.uuid })
    Object.assign(server.habits, habits)
    expect(incompleteness(await api.listJobRuns())).toMatch(why)
  })

  test('is an id that is a number: it would be another one', async () => {
    await using world = await startWith({ ids: 'number' })
    const { api } = world
    await expect(api.createJob({ job_type: 'work', config: { job_type: 'work' } })).rejects.toThrow(
      'at /uuid: expected an id, as a string, found a number',
    )
    expect(incompleteness(await api.listJobs())).toMatch(/^1 of its items cannot be read .*found a number/)
  })

  test.each<[Partial<Habits>, object]>([
    [{ html: ['create_run'] }, { code: 'unexpected_response', status: 200 }],
    [{ htmlAfter: ['create_run'] }, { code: 'unexpected_response', status: 200 }],
    [{ redirect: { endpoints: ['create_run'], status: 307, to: 'same' } }, { code: 'redirect', status: 307 }],
  ])('leaves a trigger undecided: %j', async (habits, expected) => {
    await using world = await startWith({})
    const { api, server } = world
    const job = await api.createJob({ job_type: 'work', config: { job_type: 'work' } })
    Object.assign(server.habits, habits)
    const error: unknown = await api.createJobRun({ job_id: job.uuid }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ kind: 'ambiguous', ...expected })
    expect(server.log.filter(({ path, method }) => method === 'POST' && path === '/job-runs')).toHaveLength(1)
  })

  test.each(['detail', 'validation', 'message', 'problem', 'text', 'html', 'empty'] as const)(
    'a refusal in the form %s is one',
    async (errors) => {
      await using world = await startWith({ errors })
      const error: unknown = await world.api.getJob('nothing').catch((reason: unknown) => reason)
      expect(error).toMatchObject({ kind: 'rejected', status: 404 })
      if (errors !== 'html' && errors !== 'empty') expect(String(error)).toContain('Job not found')
    },
  )

  test.each([500, 503, 401, 429])('%i says nothing of what a server offers', async (status) => {
    await using world = await startWith({ capabilities: status })
    await expect(discoverCapabilities(world.api)).rejects.toMatchObject({ status })
  })
})
