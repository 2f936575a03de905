import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobRunSchema, jobSchema } from '../../../src/contract/index.ts'
import { type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi()
  me = await api.person()
})
afterAll(() => api.close())

const unknownId = '00000000-0000-4000-8000-000000000000'

describe('the job types', () => {
  it('are a plain array with the schema that configs are checked against', async () => {
    const { status, json } = await me.get('/jobs/schemas')
    expect(status).toBe(200)
    expect(json).toHaveLength(2)
    expect(json[0]).toMatchObject({
      job_type: 'metagraph_update',
      display_name: 'Metagraph Update',
      json_schema: { type: 'object', required: ['job_type', 'system_id_or_name'] },
      creatable_on_ui: true,
      creatable_by_agent: true,
      visible_on_ui: true,
    })
  })
})

describe('creating a job', () => {
  it('answers 201 with a Location and every field of the reference', async () => {
    const config = {
      job_type: 'metagraph_update',
      system_id_or_name: 'Power Distribution Unit',
      additional_context: 'x',
    }
    const session = '11111111-2222-3333-4444-555555555555'
    const { status, headers, json } = await me.post('/jobs', {
      job_type: 'metagraph_update',
      config,
      source_session_id: session,
      source_project_id: null,
    })
    expect(status).toBe(201)
    expect(headers.get('Location')).toBe(`/api/v1/jobs/${json.uuid}`)
    expect(jobSchema.strict().parse(json)).toEqual({
      uuid: json.uuid,
      name: 'metagraph_update – Power Distribution Unit',
      description: null,
      config,
      is_deleted: false,
      created_by: me.email,
      created_at: json.created_at,
      updated_at: null,
      source_session_id: session,
      source_project_id: null,
    })
    expect((await me.get(`/jobs/${json.uuid}`)).json).toEqual(json)
  })

  it('without a config makes one of the job type alone, when its schema allows that', async () => {
    expect((await me.post('/jobs', { job_type: 'plain' })).json.config).toEqual({ job_type: 'plain' })
    expect((await me.post('/jobs', { job_type: 'plain', config: null })).status).toBe(201)
    const refused = await me.post('/jobs', { job_type: 'metagraph_update' })
    expect(refused.status).toBe(422)
    expect(refused.json.errors).toMatchObject([{ pointer: '/config/system_id_or_name' }])
  })

  it('is named after the job’s id when the subject is a UUID', async () => {
    const config = { job_type: 'metagraph_update', system_id_or_name: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890' }
    const { json } = await me.post('/jobs', { job_type: 'metagraph_update', config })
    expect(json.name).toBe(`metagraph_update – ${json.uuid.slice(-8)}`)
  })

  it.each([
    [
      'a config without job_type',
      { job_type: 'plain', config: { a: 1 } },
      ['/config/job_type'],
      'invalid_config',
    ],
    [
      'another job_type in the config',
      { job_type: 'plain', config: { job_type: 'metagraph_update' } },
      ['/config/job_type'],
      'invalid_config',
    ],
    [
      'an unknown job type',
      { job_type: 'nope', config: { job_type: 'nope' } },
      ['/job_type'],
      'unknown_job_type',
    ],
    [
      'a config that its schema refuses',
      {
        job_type: 'metagraph_update',
        config: { job_type: 'metagraph_update', system_id_or_name: '', extra: 1 },
      },
      ['/config/extra', '/config/system_id_or_name'],
      'invalid_config',
    ],
    [
      'unknown fields and wrong types, all at once',
      { job_type: 1, source_session_id: 'x', staus: 1 },
      ['/job_type', '/source_session_id', '/staus'],
      'validation_failed',
    ],
    [
      'what only the server decides',
      {
        job_type: 'plain',
        uuid: unknownId,
        status: 'completed',
        created_by: 'root@x',
        is_deleted: true,
        created_at: 'x',
      },
      ['/created_at', '/created_by', '/is_deleted', '/status', '/uuid'],
      'validation_failed',
    ],
  ] as const)('refuses %s', async (_, body, pointers, code) => {
    const { status, json } = await me.post('/jobs', body)
    expect({ status, code: json.code }).toEqual({ status: 422, code })
    expect(json.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual(pointers)
  })

  it('names the known job types to who asks for another', async () => {
    const { json } = await me.post('/jobs', { job_type: 'nope' })
    expect(json.errors[0].detail).toContain('known: metagraph_update, plain')
  })

  it('stores references instead of values as they are', async () => {
    const config = { job_type: 'metagraph_update', system_id_or_name: { $secret: 'SYSTEM' } }
    const { status, json } = await me.post('/jobs', { job_type: 'metagraph_update', config })
    expect(status).toBe(201)
    expect(json.config).toEqual(config)
  })
})

describe('the idempotency key of a job', () => {
  const body = { job_type: 'plain', config: { job_type: 'plain', a: 1 } }

  it('answers the same job again, as it is by now', async () => {
    const first = await me.post('/jobs', body, { 'Idempotency-Key': 'job-1' })
    await me.send('PATCH', `/jobs/${first.json.uuid}`, { body: { config: { a: 2 } } })
    const again = await me.post(
      '/jobs',
      { config: { a: 1, job_type: 'plain' }, job_type: 'plain' },
      { 'Idempotency-Key': 'job-1' },
    )
    expect(first.headers.get('Idempotent-Replayed')).toBeNull()
    expect(again.status).toBe(201)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(again.headers.get('Location')).toBe(first.headers.get('Location'))
    expect(again.json).toMatchObject({
      uuid: first.json.uuid,
      name: first.json.name,
      created_at: first.json.created_at,
      config: { a: 2 },
    })
  })

  it('is refused for another body, and is nobody else’s business', async () => {
    await me.post('/jobs', body, { 'Idempotency-Key': 'job-2' })
    const reused = await me.post('/jobs', { job_type: 'plain' }, { 'Idempotency-Key': 'job-2' })
    expect([reused.status, reused.json.code]).toEqual([422, 'idempotency_key_reused'])
    const other = await api.person()
    expect((await other.post('/jobs', { job_type: 'plain' }, { 'Idempotency-Key': 'job-2' })).status).toBe(
      201,
    )
  })

  it('must be short and visible', async () => {
    for (const key of ['x'.repeat(256), 'a b']) {
      const { status, json } = await me.post('/jobs', body, { 'Idempotency-Key': key })
      expect([status, json.errors[0].pointer]).toEqual([422, 'Idempotency-Key'])
    }
  })

  it('starts one job when ten requests race', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => me.post('/jobs', body, { 'Idempotency-Key': 'job-3' })),
    )
    expect(new Set(answers.map((answer) => answer.json.uuid)).size).toBe(1)
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(201))
    expect(answers.filter((answer) => answer.headers.get('Idempotent-Replayed') === null)).toHaveLength(1)
  })
})

describe('changing a job', () => {
  it('merges the config, as the reference’s own example needs it', async () => {
    const config = { job_type: 'metagraph_update', system_id_or_name: 'PDU', additional_context: 'a' }
    const { json: job } = await me.post('/jobs', { job_type: 'metagraph_update', config })
    const { status, json } = await me.send('PATCH', `/jobs/${job.uuid}`, {
      body: { config: { job_type: 'metagraph_update', additional_context: 'Focus on power rail issues' } },
    })
    expect(status).toBe(200)
    expect(json.config).toEqual({ ...config, additional_context: 'Focus on power rail issues' })
    expect(json.updated_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
  })

  it('refuses a result that the schema refuses, and another job type', async () => {
    const { json: job } = await me.post('/jobs', {
      job_type: 'metagraph_update',
      config: { job_type: 'metagraph_update', system_id_or_name: 'PDU' },
    })
    for (const config of [{ system_id_or_name: null }, { job_type: 'plain' }, { job_type: null }]) {
      const refused = await me.send('PATCH', `/jobs/${job.uuid}`, { body: { config } })
      expect([refused.status, refused.json.code]).toEqual([422, 'invalid_config'])
    }
    expect((await me.get(`/jobs/${job.uuid}`)).json).toEqual(job)
  })

  it('refuses a config that would outgrow a body, patch by patch, and a run’s override alike', async () => {
    const half = 'x'.repeat(600_000)
    const job = await me.job({ first: half })
    const tooLarge = {
      status: 422,
      json: {
        code: 'invalid_config',
        errors: [{ pointer: '/config', detail: expect.stringContaining('at most 1048576') }],
      },
    }
    const config = { second: half }
    expect(await me.send('PATCH', `/jobs/${job.uuid}`, { body: { config } })).toMatchObject(tooLarge)
    expect(await me.post('/job-runs', { job_id: job.uuid, config })).toMatchObject(tooLarge)
    expect((await me.get(`/jobs/${job.uuid}`)).json.config).not.toHaveProperty('second')
  })

  it('with nothing to change changes nothing', async () => {
    const job = await me.job()
    for (const body of [{}, { config: null }])
      expect((await me.send('PATCH', `/jobs/${job.uuid}`, { body })).json).toEqual(job)
  })

  it('loses none of two changes that race', async () => {
    const job = await me.job()
    const fields = ['a', 'b', 'c', 'd']
    const answers = await Promise.all(
      fields.map((field) => me.send('PATCH', `/jobs/${job.uuid}`, { body: { config: { [field]: 1 } } })),
    )
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200])
    expect((await me.get(`/jobs/${job.uuid}`)).json.config).toEqual({
      job_type: 'plain',
      a: 1,
      b: 1,
      c: 1,
      d: 1,
    })
  })

  it('refuses what only the server decides', async () => {
    const job = await me.job()
    const body = { name: 'x', is_deleted: true, created_by: 'y', uuid: unknownId }
    expect((await me.send('PATCH', `/jobs/${job.uuid}`, { body })).status).toBe(422)
    expect((await me.get(`/jobs/${job.uuid}`)).json).toEqual(job)
  })
})

describe('deleting a job', () => {
  it('has an ETag in every answer, and is changed or deleted under its condition', async () => {
    const created = await me.post('/jobs', { job_type: 'plain', config: { job_type: 'plain', a: 1 } })
    const target = `/jobs/${created.json.uuid}`
    const etag = created.headers.get('ETag') ?? ''
    expect(etag).toMatch(/^"[\w-]+"$/)
    expect((await me.get(target)).headers.get('ETag')).toBe(etag)
    const send = (method: string, ifMatch: string, a?: number) =>
      me.send(method, target, {
        headers: { 'If-Match': ifMatch },
        ...(a === undefined ? {} : { body: { config: { a } } }),
      })
    const changed = await send('PATCH', `"other", ${etag}`, 2)
    const next = changed.headers.get('ETag') ?? ''
    expect([changed.status, changed.json.config.a, next === etag]).toEqual([200, 2, false])
    // The same content again is another state: what was decided upon the first is stale.
    const back = (await send('PATCH', '*', 1)).headers.get('ETag') ?? ''
    for (const stale of [etag, next, `W/${back}`])
      for (const lost of [await send('PATCH', stale, 3), await send('DELETE', stale)])
        expect([lost.status, lost.json.code, lost.headers.get('ETag')]).toEqual([
          412,
          'precondition_failed',
          back,
        ])
    const nothing = await me.send('PATCH', target, { body: {}, headers: { 'If-Match': etag } })
    expect(nothing.status).toBe(412)
    expect((await send('PATCH', 'bare', 3)).json.errors[0].pointer).toBe('If-Match')
    expect((await me.get(target)).json.config.a).toBe(1)
    expect((await send('DELETE', back)).status).toBe(200)
    // Sent again, as after an answer that was lost.
    expect((await send('DELETE', back)).status).toBe(200)
  })

  it('is never changed by two that saw the same state', async () => {
    const { headers, json } = await me.post('/jobs', { job_type: 'plain' })
    const answers = await Promise.all(
      [1, 2, 3, 4].map((a) =>
        me.send('PATCH', `/jobs/${json.uuid}`, {
          body: { config: { [`f${a}`]: a } },
          headers: { 'If-Match': headers.get('ETag') ?? '' },
        }),
      ),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412, 412, 412])
  })

  it('hides it from lists and keeps it readable, and says the same twice', async () => {
    const someone = await api.person()
    const job = await someone.job()
    const run = await someone.run(job.uuid)
    for (let time = 0; time < 2; time++) {
      const { status, json } = await someone.send('DELETE', `/jobs/${job.uuid}`)
      expect([status, json]).toEqual([200, { message: `Job ${job.uuid} soft deleted` }])
    }
    expect((await someone.get('/jobs')).json).toEqual({ items: [], count: 0, next_cursor: null })
    expect((await someone.get(`/jobs/${job.uuid}`)).json).toMatchObject({ uuid: job.uuid, is_deleted: true })
    expect((await someone.send('PATCH', `/jobs/${job.uuid}`, { body: {} })).status).toBe(404)
    expect((await someone.post('/job-runs', { job_id: job.uuid })).json).toMatchObject({
      status: 404,
      code: 'unknown_job',
    })
    expect((await someone.get(`/jobs/${job.uuid}/latest-run`)).json).toMatchObject({
      uuid: run.uuid,
      status: 'pending',
    })
  })
})

describe('the latest run of a job', () => {
  it('is 204 and empty when there is none, else the newest', async () => {
    const job = await me.job()
    const none = await me.get(`/jobs/${job.uuid}/latest-run`)
    expect([none.status, none.text]).toEqual([204, ''])
    await me.run(job.uuid)
    const second = await me.run(job.uuid)
    const { status, json } = await me.get(`/jobs/${job.uuid}/latest-run`)
    expect(status).toBe(200)
    expect(jobRunSchema.parse(json).uuid).toBe(second.uuid)
    expect((await me.get(`/jobs/${unknownId}/latest-run`)).status).toBe(404)
  })
})

describe('listing jobs', () => {
  it('filters by each parameter of the reference, repeated ones included', async () => {
    const someone = await api.person()
    const colleague = await api.person(someone.workspace)
    const session = '99999999-2222-3333-4444-555555555555'
    const a = await someone.job()
    const b = await colleague.job()
    const config = { job_type: 'metagraph_update', system_id_or_name: 'x' }
    const c = (
      await someone.post('/jobs', { job_type: 'metagraph_update', config, source_session_id: session })
    ).json
    const list = async (query: string) =>
      (await someone.get(`/jobs?${query}`)).json.items.map((job: { uuid: string }) => job.uuid)
    expect(await list('')).toEqual([c.uuid, b.uuid, a.uuid])
    expect(await list('job_types=plain')).toEqual([b.uuid, a.uuid])
    expect(await list('job_types=plain&job_types=metagraph_update')).toHaveLength(3)
    expect(await list('job_types=nope')).toEqual([])
    expect(await list(`created_by_users=${encodeURIComponent(colleague.email)}`)).toEqual([b.uuid])
    expect(await list(`source_session_ids=${session}`)).toEqual([c.uuid])
    // Inclusive from, exclusive to: windows tile.
    expect(await list(`created_after=${a.created_at}`)).toContain(a.uuid)
    expect(await list(`created_before=${a.created_at}`)).toEqual([])
    expect(await list('created_after=2100-01-01')).toEqual([])
    expect(await list('created_before=2100-01-01T00%3A00%3A00%2B02:00')).toHaveLength(3)
  })

  it('pages with limit and cursor, and counts what it answers', async () => {
    const someone = await api.person()
    const created = []
    for (let index = 0; index < 5; index++) created.unshift((await someone.job()).uuid)
    const seen: string[] = []
    let cursor: string | null = ''
    do {
      const page: { items: { uuid: string }[]; count: number; next_cursor: string | null } = (
        await someone.get(`/jobs?limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
      ).json
      expect(page.count).toBe(page.items.length)
      expect(page.count).toBeLessThanOrEqual(2)
      seen.push(...page.items.map((job) => job.uuid))
      cursor = page.next_cursor
    } while (cursor !== null)
    expect(seen).toEqual(created)
  })
})
