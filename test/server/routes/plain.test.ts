import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { discoverCapabilities, JobsClient } from '../../../src/client/index.ts'
import {
  basePath,
  extensionRoutes,
  pipelineRoutes,
  type RouteDescriptor,
  scheduleRoutes,
} from '../../../src/contract/index.ts'
import { type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi({ plain: true })
  me = await api.person()
})
afterAll(() => api.close())

const jobFields = [
  'uuid',
  'name',
  'description',
  'config',
  'is_deleted',
  'created_by',
  'created_at',
  'updated_at',
  'source_session_id',
  'source_project_id',
]
const runFields = [
  'uuid',
  'job_id',
  'job_name',
  'config',
  'status',
  'created_by',
  'created_at',
  'updated_at',
  'is_deleted',
  'output_references',
]
const fieldsOf = (thing: object) => Object.keys(thing).toSorted()

/** As a worker does it: with an output, a failure and all. */
async function fail(jobRunId: string): Promise<void> {
  const path = `/worker/job-runs/${jobRunId}`
  await api.worker.post(`${path}/start`, { attempt: 1, worker: 'w' })
  await api.worker.post(`${path}/progress`, { attempt: 1, fraction: 0.5, message: 'half' })
  await api.worker.send('PUT', `${path}/outputs/out?attempt=1`, { body: { a: 1 } })
  const error = { code: 'c', message: 'm' }
  const { json } = await api.worker.post(`${path}/finish`, { attempt: 1, status: 'failed', error })
  expect(json.applied).toBe(true)
}

describe('a plain server', () => {
  it.each(Object.entries<RouteDescriptor>({ ...pipelineRoutes, ...scheduleRoutes }))(
    'has no %s, not for handlers either',
    async (_id, { method, path }) => {
      const target = path.replaceAll(/\{\w+\}/g, 'x')
      for (const person of [me, api.handlerOf((await me.run()).uuid)]) {
        const { status, json } = await person.send(method.toUpperCase(), target)
        expect([status, json.code]).toEqual([404, 'unknown_path'])
      }
    },
  )

  it.each(Object.entries<RouteDescriptor>(extensionRoutes))(
    'has no %s, with a token or without',
    async (_id, { method, path }) => {
      const run = await me.run()
      const target = path.replace('{job_run_id}', run.uuid).replaceAll(/\{\w+\}/g, 'x')
      // What fits the pattern of a job run's own address is there for GET alone.
      const expected = method === 'post' ? [405, 'method_not_allowed'] : [404, 'unknown_path']
      const body = method === 'get' || method === 'delete' ? {} : { body: {} }
      const { status, json } = await me.send(method.toUpperCase(), target, body)
      expect([status, json.code]).toEqual(expected)
      const bare = await fetch(api.url + basePath + target, { method: method.toUpperCase() })
      expect(bare.status).toBe(expected[0])
    },
  )

  it('knows no run that comes with its job, nor waits for one', async () => {
    const job = { job_type: 'plain', config: { job_type: 'plain' }, key: 'k' }
    const refused = await me.post('/job-runs', { job })
    expect([refused.status, refused.json.errors[0].pointer]).toEqual([422, '/job_id'])
    const { uuid } = await me.job()
    const run = await me.post('/job-runs?wait=60', { job_id: uuid, job })
    expect([run.status, run.json.job_id]).toEqual([201, uuid])
  })

  it('has no OpenAPI document, which would tell of extensions', async () => {
    expect((await me.get('/openapi.json')).json).toMatchObject({ status: 404, code: 'unknown_path' })
  })

  it('is taken for one without extensions', async () => {
    const client = new JobsClient({ baseUrl: api.url + basePath, token: me.token })
    expect(await discoverCapabilities(client)).toBeUndefined()
    expect(await client.whoami()).toBeUndefined()
  })

  it('ignores idempotency keys: the same request again makes another one', async () => {
    const key = { 'Idempotency-Key': 'k' }
    const [job, again] = [
      await me.post('/jobs', { job_type: 'plain' }, key),
      await me.post('/jobs', { job_type: 'plain' }, key),
    ]
    expect([job.status, again.status]).toEqual([201, 201])
    expect(again.json.uuid).not.toBe(job.json.uuid)
    const runs = [
      await me.post('/job-runs', { job_id: job.json.uuid }, key),
      await me.post('/job-runs', { job_id: job.json.uuid }, { 'Idempotency-Key': 'no key at all' }),
      await me.post('/job-runs', { job_id: job.json.uuid }, key),
    ]
    expect(runs.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(runs.map(({ json }) => json.uuid)).size).toBe(3)
    expect([...runs[2]!.headers.keys()]).not.toContain('idempotent-replayed')
  })

  it('ignores what it has never heard of in bodies and queries', async () => {
    const { json: job } = await me.post('/jobs', { job_type: 'plain', name: 'canary', surprise: 1 })
    expect(job.name).not.toContain('canary')
    const { status, json: run } = await me.post('/job-runs', { job_id: job.uuid, client_ref: 'canary' })
    expect(status).toBe(201)
    await me.run(job.uuid)
    const { json: list } = await me.get(`/job-runs?job_id=${job.uuid}&limit=1&cursor=x&sort=up`)
    expect([list.items.length, list.count]).toEqual([2, 2])
    // A wait that was honoured would not end, as the run does not.
    expect((await me.get(`/job-runs/${run.uuid}?wait=1000000`)).json.status).toBe('pending')
  })

  it('checks what the reference has as ever', async () => {
    expect((await me.post('/jobs', { job_type: 7 })).json).toMatchObject({
      status: 422,
      errors: [{ pointer: '/job_type' }],
    })
    expect((await me.get('/job-runs?statuses=odd')).status).toBe(422)
    expect((await me.send('PUT', '/jobs')).status).toBe(405)
    expect((await fetch(`${api.url}${basePath}/jobs`)).status).toBe(401)
  })

  it('gives no ETags, and knows no conditions', async () => {
    const job = await me.job()
    const read = await me.get(`/jobs/${job.uuid}`)
    expect(read.headers.get('ETag')).toBeNull()
    const stale = { 'If-Match': '"of-another-state"' }
    const changed = await me.send('PATCH', `/jobs/${job.uuid}`, {
      body: { config: { a: 1 } },
      headers: stale,
    })
    expect([changed.status, changed.headers.get('ETag')]).toEqual([200, null])
    expect((await me.send('DELETE', `/jobs/${job.uuid}`, { headers: stale })).status).toBe(200)
  })

  it('answers with the fields of the reference, and no others', async () => {
    const { status, headers, json: job } = await me.post('/jobs', { job_type: 'plain' })
    expect([status, headers.get('Location')]).toEqual([201, `${basePath}/jobs/${job.uuid}`])
    const { json: triggered } = await me.post('/job-runs', { job_id: job.uuid })
    await fail(triggered.uuid)
    const { json: jobs } = await me.get('/jobs')
    const { json: runs } = await me.get('/job-runs')
    const { json: run } = await me.get(`/job-runs/${triggered.uuid}`)
    const { json: latest } = await me.get(`/jobs/${job.uuid}/latest-run`)
    expect(fieldsOf(jobs)).toEqual(['count', 'items'])
    expect(fieldsOf(runs)).toEqual(['count', 'items'])
    for (const one of [job, jobs.items[0]]) expect(fieldsOf(one)).toEqual(jobFields.toSorted())
    for (const one of [triggered, run, latest, runs.items[0]])
      expect(fieldsOf(one)).toEqual(runFields.toSorted())
    expect(run).toMatchObject({
      status: 'failed',
      output_references: [{ name: 'out', media_type: 'application/json', value: { a: 1 } }],
    })
    expect(run.output_references[0]).not.toHaveProperty('href')
    const { json: schemas } = await me.get('/jobs/schemas')
    expect(fieldsOf(schemas[0])).toEqual([
      'creatable_by_agent',
      'creatable_on_ui',
      'description',
      'display_name',
      'job_type',
      'json_schema',
      'user_facing_description',
      'visible_on_ui',
    ])
  })

  it('cancels, and takes no reference in a config for anything but what it is', async () => {
    const run = await me.run()
    expect((await me.post(`/job-runs/${run.uuid}/cancel`)).json).toMatchObject({ cancelled_count: 1 })
    expect((await me.post(`/job-runs/${run.uuid}/cancel`)).status).toBe(409)
    const config = { job_type: 'metagraph_update', system_id_or_name: { $secret: 'NAME' } }
    expect((await me.post('/jobs', { job_type: 'metagraph_update', config })).json).toMatchObject({
      status: 422,
      errors: [{ pointer: '/config/system_id_or_name' }],
    })
  })

  it('has the extensions for handlers, so that what it runs works', async () => {
    const run = await me.run()
    const handler = api.handlerOf(run.uuid)
    const stored = await handler.send('PUT', '/documents/c/a.md', {
      body: '# A',
      headers: { 'Content-Type': 'text/markdown' },
    })
    expect(stored.status).toBe(200)
    expect((await handler.get('/documents/c')).json.items).toHaveLength(1)
    await fail(run.uuid)
    expect((await handler.get(`/job-runs/${run.uuid}/outputs/out`)).json).toEqual({ a: 1 })
    expect((await api.worker.get('/documents/c')).status).toBe(404)
  })
})
