import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { JobsApiError, JobsClient } from '../../src/client/index.ts'
import { until } from '../helpers/until.ts'
import {
  type ForeignServer,
  type ForeignServerOptions,
  type Habits,
  noHabits,
  startForeignProcess,
  startForeignServer,
} from './index.ts'

/** That each habit shows: a habit that is never seen would make the tests that lean on it pass for nothing. */

const started: ForeignServer[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()))
})

async function given(options: Partial<ForeignServerOptions> = {}) {
  const server = await startForeignServer(options)
  started.push(server)
  const api = new JobsClient({ baseUrl: server.url, token: server.token })
  const raw = (where: string, init: RequestInit = {}) =>
    fetch(`${server.url}${where}`, {
      redirect: 'manual',
      ...init,
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
    })
  const makeJob = async (config: object = {}) =>
    await api.createJob({ job_type: 'work', config: { job_type: 'work', ...config } })
  const makeRun = async (config: object = {}) => {
    const job = await makeJob()
    return await api.createJobRun({ job_id: job.uuid, config: { ...config } })
  }
  return { server, api, raw, makeJob, makeRun }
}

const statusOf = async (work: Promise<unknown>): Promise<number | string> => {
  try {
    await work
    return 'done'
  } catch (error) {
    if (error instanceof JobsApiError) return error.status ?? error.code
    throw error
  }
}

test('keeps to the eleven operations, and a run goes its way', async () => {
  const { api, server, makeJob } = await given()
  expect((await api.listJobSchemas()).map(({ job_type }) => job_type)).toContain('work')
  const job = await makeJob({ level: 1 })
  expect(await api.getLatestRun(job.uuid)).toBeUndefined()
  await api.updateJob(job.uuid, { config: { job_type: 'work', level: 2 } })
  const run = await api.createJobRun({ job_id: job.uuid, config: { outputs: { sum: 7 } } })
  expect(run).toMatchObject({ status: 'pending', job_id: job.uuid, config: { level: 2 } })
  const done = await until('the run ends', async () => {
    const seen = await api.getJobRun(run.uuid)
    return seen.status === 'completed' && seen
  })
  expect(done.output_references).toEqual([expect.objectContaining({ name: 'sum', value: 7 })])
  expect((await api.listJobRuns({ job_id: job.uuid, statuses: ['completed'] })).items).toHaveLength(1)
  expect((await api.getLatestRun(job.uuid))?.uuid).toBe(run.uuid)
  expect(await statusOf(api.cancelJobRun(run.uuid))).toBe(409)
  expect((await api.deleteJob(job.uuid)).message).toContain('soft deleted')
  expect((await api.listJobs()).items).toEqual([])
  const long = await api.createJobRun({ job_id: (await makeJob()).uuid, config: { duration_ms: 600_000 } })
  await api.cancelJobRun(long.uuid)
  expect((await api.getJobRun(long.uuid)).status).toBe('cancelled')
  expect(
    server.changes.filter(({ job_run_id }) => job_run_id === run.uuid).map(({ status }) => status),
  ).toEqual(['pending', 'running', 'completed'])
})

test('has none of our extensions', async () => {
  const { api, raw, server } = await given()
  expect(await api.getCapabilities()).toBeUndefined()
  expect(await api.whoami()).toBeUndefined()
  const answer = await raw('/job-runs/changes/x/y')
  expect([answer.status, await answer.json()]).toEqual([404, { detail: 'Not Found' }])
  expect(await statusOf(new JobsClient({ baseUrl: server.url, token: 'no' }).listJobs())).toBe(401)
})

test('plants runs that nobody asked for, and ends runs by hand', async () => {
  const { server, api, makeJob } = await given({ manual: true })
  const job = await makeJob()
  const planted = server.addRun(job.uuid, { createdBy: 'ann@example.com', status: 'running' })
  const run = await api.createJobRun({ job_id: job.uuid })
  server.endRun(run.uuid, 'completed', ['a', { b: 1 }])
  expect((await api.listJobRuns({ statuses: ['running'] })).items.map(({ uuid }) => uuid)).toEqual([
    planted.uuid,
  ])
  const [made] = server.log.flatMap((entry) => entry.made ?? [])
  expect(made).toMatchObject({ job_run_id: run.uuid, job_id: job.uuid })
  expect(server.changes.find(({ job_run_id }) => job_run_id === planted.uuid)?.requested).toBe(false)
})

/** What a client sees of a server in one round, without what differs every time. */
async function round(habits: Partial<Habits>): Promise<string[]> {
  const { server, makeJob, makeRun } = await given({ manual: true, pendingMs: 600_000 })
  const jobs = [(await makeJob({ n: 1 })).uuid, (await makeRun({ n: 2 })).job_id]
  const ended = server.addRun(jobs[0] ?? '', { status: 'running', createdAtMs: Date.now() - 5_000 })
  server.endRun(ended.uuid, 'completed', [{ name: 'a', value: 1 }])
  const active = server.addRun(jobs[1] ?? '', { status: 'running', createdAtMs: Date.now() - 4_000 })
  Object.assign(server.habits, habits)
  const asks = [
    ['GET', '/capabilities'],
    ['POST', '/jobs', { job_type: 'work' }],
    ['POST', '/jobs', { job_type: 'nothing' }],
    ['GET', `/jobs/${jobs[0]}`],
    ['GET', `/job-runs?job_id=${jobs[0]}`],
    ['GET', '/job-runs?statuses=completed'],
    ['GET', '/job-runs'],
    ['GET', `/job-runs/${ended.uuid}`],
    ['POST', `/job-runs/${ended.uuid}/cancel`],
    ['POST', `/job-runs/${active.uuid}/cancel`],
    ['GET', `/job-runs/${active.uuid}`],
    ['POST', `/job-runs/${active.uuid}/cancel`],
    ['GET', `/job-runs/${active.uuid}`],
  ] as const
  const seen: string[] = []
  for (const [method, where, body] of asks) {
    const answer = await fetch(`${server.url}${where}`, {
      method,
      redirect: 'manual',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const { headers, status } = answer
    const noted = ['content-encoding', 'content-type', 'location'].map((name) => headers.get(name))
    seen.push(JSON.stringify([method, where, status, noted, await answer.text()]))
  }
  const hours = (text: string) =>
    text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/g, (time) =>
      String(Math.round((Date.parse(`${time}Z`) - Date.now()) / 3_600_000)),
    )
  const same = (text: string) =>
    text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|127.0.0.1:\d+/g, 'ID')
  return seen.map(hours).map(same)
}

const forms: Partial<Habits>[] = [
  { token: 'another' },
  ...(['html', 401, 500, 503] as const).map((capabilities) => ({ capabilities })),
  { html: ['get_run'] },
  { htmlAfter: ['create_job'] },
  ...(['same', 'other'] as const).map((to) => ({
    redirect: { endpoints: ['get_job' as const], status: 302, to },
  })),
  ...(['validation', 'message', 'problem', 'text', 'html', 'empty'] as const).map((errors) => ({ errors })),
  { gzip: true },
  ...(['zoned', 'offset'] as const).map((timestamps) => ({ timestamps })),
  { clockOffMs: 7_200_000 },
  { extraFields: true },
  { missingFields: ['job_name'] },
  ...(['empty', 'none'] as const).map((configEcho) => ({ configEcho })),
  ...(['text', 'number'] as const).map((ids) => ({ ids })),
  { statusNames: { running: 'warming_up' } },
  { terminalGoesBack: { afterMs: 0, forMs: 600_000 } },
  ...(['strings', 'nested'] as const).map((outputReferences) => ({ outputReferences })),
  { jobInvisibleMs: 600_000 },
  { runInvisibleMs: 600_000 },
  { listLagMs: 600_000 },
  ...['job_id', 'statuses'].map((name) => ({ ignoredFilters: [name] })),
  { listOrder: 'oldest' },
  { listCap: 1 },
  ...(['matching', 'total', 'wrong', 'zero'] as const).map((count) => ({ count, listCap: 1 })),
  { cancelTakesMs: 600_000 },
  { cancelNeedsAsks: 2 },
  ...(['accepted', 'no_content', 'nonsense', 'html'] as const).map((cancelAnswer) => ({ cancelAnswer })),
  { cancelOfEnded: 400 },
]

test('each habit shows, in each of its forms, and otherwise every round is the same', async () => {
  const [usual, again] = [await round({}), await round({})]
  expect(again).toEqual(usual)
  const shown = new Map<string, string>()
  for (const form of forms) {
    const name = JSON.stringify(form)
    const seen = JSON.stringify(await round(form))
    expect(seen, name).not.toEqual(JSON.stringify(usual))
    expect([...shown].find(([, other]) => other === seen)?.[0], name).toBeUndefined()
    shown.set(name, seen)
  }
  // Delays show in time alone, and an order that is mixed may be any: each has a test of its own, or none.
  const named = new Set(forms.flatMap((form) => Object.keys(form)))
  const rest = Object.keys(noHabits()).filter((name) => !named.has(name))
  expect(rest).toEqual(['slowCommitMs', 'slowAnswerMs'])
})

test('habits of how it answers', async () => {
  const { server, raw, api, makeJob } = await given()
  const { habits } = server
  habits.capabilities = 'html'
  expect((await raw('/capabilities')).headers.get('content-type')).toBe('text/html')
  habits.capabilities = 503
  expect((await raw('/capabilities')).status).toBe(503)
  habits.errors = 'text'
  expect(await (await raw('/jobs/x')).text()).toBe('Job not found')
  habits.gzip = true
  expect((await raw('/jobs')).headers.get('content-encoding')).toBe('gzip')
  expect((await api.listJobs()).items).toEqual([])
  habits.redirect = { endpoints: ['list_jobs'], status: 307, to: 'same' }
  expect((await raw('/jobs')).headers.get('location')).toContain('/api/v1/jobs?moved=1')
  habits.html = ['create_job']
  expect(await statusOf(makeJob())).toBe(200)
  expect(server.jobs.size).toBe(0)
  habits.html = []
  habits.htmlAfter = ['create_job']
  expect(await statusOf(makeJob())).toBe(200)
  expect(server.jobs.size).toBe(1)
  habits.token = 'another'
  expect(await statusOf(api.listJobs())).toBe(401)
  expect(
    await new JobsClient({ baseUrl: server.url, token: 'another' }).getCapabilities().catch(() => 503),
  ).toBe(503)
})

test('habits of how jobs and runs look', async () => {
  const { server, api, raw, makeRun } = await given({ manual: true })
  const { habits } = server
  const run = await makeRun({ secret: 's' })
  const seen = async () => (await (await raw(`/job-runs/${run.uuid}`)).json()) as Record<string, unknown>
  expect((await seen())['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
  habits.timestamps = 'zoned'
  habits.clockOffMs = -7_200_000
  const offMs = Date.now() - Date.parse(String((await seen())['created_at']))
  expect(Math.round(offMs / 3_600_000)).toBe(2)
  habits.extraFields = true
  habits.missingFields = ['job_name', 'updated_at']
  habits.configEcho = 'none'
  expect(Object.keys(await seen())).toEqual(expect.arrayContaining(['org']))
  expect(Object.keys(await seen())).not.toEqual(expect.arrayContaining(['job_name', 'config']))
  habits.statusNames = { running: 'warming_up' }
  await until('it is running', async () => (await seen())['status'] === 'warming_up')
  server.endRun(run.uuid, 'completed', [{ a: 1 }])
  habits.terminalGoesBack = { afterMs: 0, forMs: 600_000 }
  expect((await seen())['status']).toBe('running')
  habits.outputReferences = 'strings'
  expect((await seen())['output_references']).toEqual(['{"a":1}'])
  habits.ids = 'text'
  expect((await makeRun()).uuid).toMatch(/^id:\d+~x$/)
  habits.ids = 'number'
  expect(await statusOf(api.createJob({ job_type: 'work' }))).toBe(200)
})

test('habits of lists and of what can be seen when', async () => {
  const { server, api, makeJob, makeRun } = await given({ manual: true })
  const { habits } = server
  const first = await makeRun()
  await makeRun()
  const last = await makeRun()
  const list = async () => await api.listJobRuns({ job_id: last.job_id, statuses: ['pending', 'running'] })
  expect(await list()).toMatchObject({ count: 1 })
  habits.ignoredFilters = ['job_id']
  expect(await list()).toMatchObject({ count: 3 })
  habits.listOrder = 'oldest'
  habits.listCap = 2
  habits.count = 'total'
  const capped = await list()
  expect([capped.items.map(({ uuid }) => uuid)[0], capped.items.length, capped.count]).toEqual([
    first.uuid,
    2,
    3,
  ])
  habits.listLagMs = 600_000
  expect((await list()).items).toEqual([])
  habits.listLagMs = 0
  habits.runInvisibleMs = 600_000
  expect(await statusOf(api.getJobRun(first.uuid))).toBe(404)
  habits.jobInvisibleMs = 600_000
  const job = await makeJob()
  expect(await statusOf(api.createJobRun({ job_id: job.uuid }))).toBe(404)
})

test('habits of cancelling', async () => {
  const { server, api, raw, makeRun } = await given({ manual: true })
  const { habits } = server
  const cancel = async (uuid: string) => await raw(`/job-runs/${uuid}/cancel`, { method: 'POST' })
  habits.cancelNeedsAsks = 2
  const twice = await makeRun()
  expect((await cancel(twice.uuid)).status).toBe(200)
  expect((await api.getJobRun(twice.uuid)).status).not.toBe('cancelled')
  habits.cancelAnswer = 'no_content'
  expect((await cancel(twice.uuid)).status).toBe(204)
  expect((await api.getJobRun(twice.uuid)).status).toBe('cancelled')
  habits.cancelAnswer = 'json'
  habits.cancelOfEnded = 400
  expect((await cancel(twice.uuid)).status).toBe(400)
  habits.cancelNeedsAsks = 1
  habits.cancelTakesMs = 300
  const slow = await makeRun()
  await cancel(slow.uuid)
  await until('the cancel takes effect', async () => (await api.getJobRun(slow.uuid)).status === 'cancelled')
  const asked = server.log.findLast(({ path }) => path === `/job-runs/${slow.uuid}/cancel`)
  const done = server.changes.findLast(({ job_run_id }) => job_run_id === slow.uuid)
  // Timers may be early by the part of a millisecond.
  expect((done?.atMs ?? 0) - (asked?.atMs ?? 0)).toBeGreaterThanOrEqual(299)
})

test('does what was asked for also for a client that has gone', async () => {
  const leaving = new AbortController()
  const { server, api, makeJob } = await given({
    // Not before the server has all of what is asked for.
    onArrival: (endpoint) => endpoint === 'create_run' && leaving.abort(),
  })
  const job = await makeJob()
  server.habits.slowCommitMs = { create_run: 300 }
  const impatient = api.createJobRun({ job_id: job.uuid }, { signal: leaving.signal })
  expect(await statusOf(impatient)).toBe('aborted')
  await until('the run is made', () => server.runs.size === 1)
})

test('as a process of its own it is told habits and keeps its log in a file', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'foreign-'))
  const server = await startForeignProcess(path.join(folder, 'log.jsonl'), { manual: true })
  try {
    const api = new JobsClient({ baseUrl: server.url, token: server.token })
    const job = await api.createJob({ job_type: 'work' })
    const { uuid = '' } = await server.tell({
      habits: { count: 'wrong' },
      addRun: { jobId: job.uuid, status: 'running' },
    })
    await server.tell({ endRun: { uuid, status: 'failed' } })
    expect((await api.listJobRuns({ job_id: job.uuid })).count).toBe(4)
    expect((await api.getJobRun(uuid)).status).toBe('failed')
    await server.stop()
    expect(server.entries()).toMatchObject([
      { path: '/jobs', method: 'POST', status: 200 },
      { event: 'run_status', job_run_id: uuid, status: 'running', requested: false },
      { event: 'run_status', job_run_id: uuid, status: 'failed' },
      { path: '/job-runs', method: 'GET', query: { job_id: [job.uuid] } },
      { path: `/job-runs/${uuid}` },
    ])
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
})

test('holds ten thousand active runs', async () => {
  const { server, api, makeJob } = await given()
  const job = await makeJob()
  for (let index = 0; index < 10_000; index++) server.addRun(job.uuid, { status: 'running' })
  expect((await api.listJobRuns({ statuses: ['pending', 'running', 'paused'] })).items).toHaveLength(10_000)
})
