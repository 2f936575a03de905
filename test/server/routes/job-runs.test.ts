import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { capabilitiesSchema, jobRunSchema, limits } from '../../../src/contract/index.ts'
import { until } from '../../helpers/until.ts'
import { type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi()
  me = await api.person()
})
afterAll(() => api.close())

const unknownId = '00000000-0000-4000-8000-000000000000'

async function finish(jobRunId: string, status = 'completed', error?: object): Promise<void> {
  await api.worker.post(`/worker/job-runs/${jobRunId}/start`, { attempt: 1, worker: 'w' })
  const { json } = await api.worker.post(`/worker/job-runs/${jobRunId}/finish`, {
    attempt: 1,
    status,
    ...(error ? { error } : {}),
  })
  expect(json.applied).toBe(true)
}

describe('triggering a run', () => {
  it('answers 201 with a Location and a pending run of the job as it is', async () => {
    const job = await me.job({ a: { b: 1, c: 2 } })
    const { status, headers, json } = await me.post('/job-runs', { job_id: job.uuid })
    expect(status).toBe(201)
    expect(headers.get('Location')).toBe(`/api/v1/job-runs/${json.uuid}`)
    expect(jobRunSchema.parse(json)).toMatchObject({
      job_id: job.uuid,
      job_name: job.name,
      config: job.config,
      status: 'pending',
      created_by: me.email,
      is_deleted: false,
      output_references: [],
    })
    expect(json.updated_at).toBe(json.created_at)
    expect((await me.get(`/job-runs/${json.uuid}`)).json).toEqual(json)
  })

  it('merges its config over the job’s, which stays as it was', async () => {
    const job = await me.job({ a: { b: 1, c: 2 }, d: 1 })
    const { json } = await me.post('/job-runs', { job_id: job.uuid, config: { a: { b: null, e: 3 } } })
    expect(json.config).toEqual({ job_type: 'plain', a: { c: 2, e: 3 }, d: 1 })
    await me.send('PATCH', `/jobs/${job.uuid}`, { body: { config: { d: 2 } } })
    expect((await me.get(`/job-runs/${json.uuid}`)).json.config.d).toBe(1)
  })

  it('refuses an override that makes the config invalid, another job type, and unknown jobs', async () => {
    const { json: job } = await me.post('/jobs', {
      job_type: 'metagraph_update',
      config: { job_type: 'metagraph_update', system_id_or_name: 'x' },
    })
    expect(
      (await me.post('/job-runs', { job_id: job.uuid, config: { system_id_or_name: 1 } })).json,
    ).toMatchObject({
      status: 422,
      code: 'invalid_config',
      errors: [{ pointer: '/config/system_id_or_name' }],
    })
    expect(
      (await me.post('/job-runs', { job_id: job.uuid, config: { job_type: 'plain' } })).json.errors[0]
        .pointer,
    ).toBe('/config/job_type')
    expect((await me.post('/job-runs', { job_id: unknownId })).json).toMatchObject({
      status: 404,
      code: 'unknown_job',
    })
    const assigned = await me.post('/job-runs', {
      job_id: job.uuid,
      status: 'completed',
      uuid: unknownId,
      created_by: 'x',
    })
    expect(assigned.json.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      '/created_by',
      '/status',
      '/uuid',
    ])
  })

  it('keeps where and how long it executes for the dispatcher', async () => {
    const run = await me.run()
    const { items } = await api.store.dispatch.claim({ limit: 1000, leaseMs: 1 })
    expect(items.find((item) => item.jobRunId === run.uuid)).toMatchObject({
      kind: 'start',
      jobType: 'plain',
      execution: { taskQueue: 'plain-queue', timeoutMs: 1_800_000, queueTimeoutMs: null },
    })
  })
})

describe('many who wait for a run that goes on', () => {
  it('cost two looks each, one when they come and one when their time is up', async () => {
    const run = await me.run()
    const { runs } = api.store
    const look = runs.get
    let looks = 0
    runs.get = (caller, jobRunId) => {
      if (jobRunId === run.uuid) looks += 1
      return look(caller, jobRunId)
    }
    try {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => me.get(`/job-runs/${run.uuid}?wait=2`)),
      )
      expect(answers.map(({ json }) => json.status)).toEqual(Array(20).fill('pending'))
    } finally {
      runs.get = look
    }
    expect(looks).toBe(40)
  })
})

describe('the reference of a run', () => {
  it('is attached by a request of its own, which answers the run', async () => {
    const job = await me.job()
    const { json: run } = await me.post('/job-runs', { job_id: job.uuid })
    const set = await me.send('PUT', `/job-runs/${run.uuid}/client-ref`, { body: { client_ref: 'mine' } })
    expect([set.status, set.json.uuid, set.json.client_ref]).toEqual([200, run.uuid, 'mine'])
  })

  it.each([
    [{}, 422],
    [{ client_ref: null }, 422],
    [{ client_ref: 'x'.repeat(2049) }, 422],
    [{ client_ref: 'x', status: 'completed' }, 422],
  ])('is refused as %j', async (body, status) => {
    const { json: run } = await me.post('/job-runs', { job_id: (await me.job()).uuid })
    expect((await me.send('PUT', `/job-runs/${run.uuid}/client-ref`, { body })).status).toBe(status)
  })

  it('is refused for a run that is not there', async () => {
    const path = '/job-runs/00000000-0000-4000-8000-000000000000/client-ref'
    expect((await me.send('PUT', path, { body: { client_ref: 'x' } })).status).toBe(404)
  })
})

describe('a run that comes with its job', () => {
  const job = { job_type: 'plain', config: { job_type: 'plain', a: 1 }, name: 'sums', key: 'job-of-sums' }

  it('is triggered by one call, of which a replay is answered alike', async () => {
    const me = await api.person()
    const key = { 'Idempotency-Key': 'once' }
    const body = { job, config: { b: 2 }, client_ref: 'mine' }
    const first = await me.post('/job-runs', body, key)
    expect([first.status, first.json.config]).toEqual([201, { job_type: 'plain', a: 1, b: 2 }])
    const saved = (await me.get(`/jobs/${first.json.job_id}`)).json
    expect(saved).toMatchObject({ name: 'plain – sums', config: job.config })
    await me.send('DELETE', `/jobs/${saved.uuid}`)
    const again = await me.post('/job-runs', { ...body, job: { ...job } }, key)
    expect([again.json, again.headers.get('Idempotent-Replayed')]).toEqual([first.json, 'true'])
    const { json: asJob } = await me.post(
      '/jobs',
      { job_type: job.job_type, config: job.config, name: job.name },
      { 'Idempotency-Key': job.key },
    )
    expect(asJob.uuid).toBe(saved.uuid)
  })

  it.each([
    [{ job: { ...job, key: undefined } }, '/job/key'],
    [{ job: { ...job, key: 'with spaces' } }, '/job/key'],
    [{ job: { ...job, job_type: 'unheard_of' } }, '/job/job_type'],
    [{ job: { ...job, config: { job_type: 'metagraph_update' } } }, '/job/config/job_type'],
    [{ job, job_id: '00000000-0000-4000-8000-000000000000' }, '/job'],
    [{}, '/job_id'],
  ])('is refused as %j', async (body, pointer) => {
    const { status, json } = await (await api.person()).post('/job-runs', body)
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, pointer])
  })

  it('is refused under the key of another job', async () => {
    const me = await api.person()
    await me.post('/job-runs', { job })
    const { status, json } = await me.post('/job-runs', { job: { ...job, name: 'others' } })
    expect([status, json.code, json.errors[0].pointer]).toEqual([422, 'idempotency_key_reused', '/job/key'])
  })

  it('is waited for until it is over, also by a replay, or the time is up', async () => {
    const me = await api.person()
    const key = { 'Idempotency-Key': 'waited' }
    expect((await me.post('/job-runs?wait=0.05', { job }, key)).json.status).toBe('pending')
    const [{ uuid }] = (await me.get('/job-runs')).json.items
    const waits = [me.post('/job-runs?wait=20', { job }, key), me.get(`/job-runs/${uuid}?wait=20`)]
    await api.worker.post(`/worker/job-runs/${uuid}/start`, { attempt: 1, worker: 'w' })
    await api.worker.post(`/worker/job-runs/${uuid}/finish`, { attempt: 1, status: 'completed' })
    for (const wait of waits) expect((await wait).json).toMatchObject({ uuid, status: 'completed' })
  })

  it('says all that was said last with the report of its end, once', async () => {
    const me = await api.person()
    const { uuid } = (await me.post('/job-runs', { job })).json
    const at = `/worker/job-runs/${uuid}`
    await api.worker.post(`${at}/start`, { attempt: 1, worker: 'w' })
    const lines = [{ at: '2026-04-13T10:10:00.000000', level: 'info', message: 'sent, and not acknowledged' }]
    await api.worker.post(`${at}/logs`, { attempt: 1, lines })
    const end = { attempt: 1, status: 'completed', lines, progress: { fraction: 1 } }
    expect((await api.worker.post(`${at}/finish`, end)).json.applied).toBe(true)
    expect((await api.worker.post(`${at}/finish`, end)).json.applied).toBe(false)
    expect((await me.get(`/job-runs/${uuid}/logs`)).json.items).toHaveLength(1)
    expect((await me.get(`/job-runs/${uuid}`)).json.progress).toMatchObject({ fraction: 1 })
  })
})

describe('the feed of some runs', () => {
  it('has their changes alone, moves past the others, and is woken by theirs', async () => {
    const me = await api.person()
    const job_id = (await me.job()).uuid
    const { cursor } = (await me.get('/job-runs/changes')).json
    const prefix = '["jobwright/wait",'
    const long = `${prefix}"${'ä'.repeat(400)}"]`
    const waiting = me.get(
      `/job-runs/changes?after=${cursor}&wait=20&client_ref_prefix=${encodeURIComponent(long)}`,
    )
    await me.post('/job-runs', { job_id, client_ref: '["jobwright/1"]' })
    await me.post('/job-runs', { job_id })
    const { uuid } = (await me.post('/job-runs', { job_id, client_ref: long })).json
    const woken = (await waiting).json
    expect(woken.changes.map((change: { job_run: { uuid: string } }) => change.job_run.uuid)).toEqual([uuid])
    const target = `/job-runs/changes?client_ref_prefix=${encodeURIComponent(prefix)}`
    const all = (await me.get(`${target}&after=${cursor}`)).json
    expect(all.changes).toHaveLength(1)
    expect((await me.get(`${target}&after=${all.cursor}`)).json.changes).toEqual([])
    expect((await me.get(`/job-runs/changes?after=${all.cursor}`)).json.changes).toEqual([])
  })
})

describe('the idempotency key of a run', () => {
  it('starts one run, and is refused for another client_ref', async () => {
    const job = await me.job()
    const first = await me.post(
      '/job-runs',
      { job_id: job.uuid, client_ref: 'a' },
      { 'Idempotency-Key': 'run-1' },
    )
    const again = await me.post(
      '/job-runs',
      { job_id: job.uuid, client_ref: 'a' },
      { 'Idempotency-Key': 'run-1' },
    )
    expect(again.status).toBe(201)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(again.json.uuid).toBe(first.json.uuid)
    const other = await me.post(
      '/job-runs',
      { job_id: job.uuid, client_ref: 'b' },
      { 'Idempotency-Key': 'run-1' },
    )
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused'])
    expect((await me.get(`/job-runs?job_id=${job.uuid}`)).json.count).toBe(1)
  })

  it('stand for the same body when a field of it is null instead of absent, or an id in upper case', async () => {
    const job = await me.job()
    const bodies = [
      { job_id: job.uuid },
      { job_id: job.uuid, config: null },
      { job_id: job.uuid.toUpperCase(), client_ref: null, config: null },
    ]
    const runs: Awaited<ReturnType<typeof me.post>>[] = []
    for (const body of bodies) runs.push(await me.post('/job-runs', body, { 'Idempotency-Key': 'null-1' }))
    expect(runs.map(({ status, json }) => [status, json.uuid])).toEqual(
      bodies.map(() => [201, runs[0]?.json.uuid]),
    )
    const jobs: Awaited<ReturnType<typeof me.post>>[] = []
    for (const rest of [{}, { config: null }, { source_session_id: null, source_project_id: null }])
      jobs.push(await me.post('/jobs', { job_type: 'plain', ...rest }, { 'Idempotency-Key': 'null-2' }))
    expect(jobs.map(({ json }) => json.uuid)).toEqual(jobs.map(() => jobs[0]?.json.uuid))
    // Within a config it means: without that field.
    const patch = { job_id: job.uuid, config: { a: null } }
    expect((await me.post('/job-runs', patch, { 'Idempotency-Key': 'null-1' })).status).toBe(422)
  })

  it('answers alike after the job was deleted', async () => {
    const job = await me.job()
    const first = await me.post('/job-runs', { job_id: job.uuid }, { 'Idempotency-Key': 'run-2' })
    await me.send('DELETE', `/jobs/${job.uuid}`)
    const again = await me.post('/job-runs', { job_id: job.uuid }, { 'Idempotency-Key': 'run-2' })
    expect([again.status, again.json.uuid]).toEqual([201, first.json.uuid])
  })

  it('is refused for another body', async () => {
    const job = await me.job()
    await me.post('/job-runs', { job_id: job.uuid }, { 'Idempotency-Key': 'run-3' })
    const reused = await me.post(
      '/job-runs',
      { job_id: job.uuid, config: { a: 1 } },
      { 'Idempotency-Key': 'run-3' },
    )
    expect([reused.status, reused.json.code]).toEqual([422, 'idempotency_key_reused'])
  })

  it('starts one run when ten requests race', async () => {
    const job = await me.job()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        me.post('/job-runs', { job_id: job.uuid }, { 'Idempotency-Key': 'run-4' }),
      ),
    )
    expect(new Set(answers.map((answer) => answer.json.uuid)).size).toBe(1)
  })
})

describe('cancelling', () => {
  it('of a run that nobody has started ends it at once, with the reference’s words', async () => {
    const run = await me.run()
    const { status, json } = await me.post(`/job-runs/${run.uuid}/cancel`)
    expect([status, json]).toEqual([200, { message: `Job run ${run.uuid} cancelled`, cancelled_count: 1 }])
    expect((await me.get(`/job-runs/${run.uuid}`)).json).toMatchObject({ status: 'cancelled' })
  })

  it('of a running run asks for it once', async () => {
    const run = await me.run()
    await api.worker.post(`/worker/job-runs/${run.uuid}/start`, { attempt: 1, worker: 'w' })
    expect((await me.post(`/job-runs/${run.uuid}/cancel`)).json.cancelled_count).toBe(1)
    const again = await me.post(`/job-runs/${run.uuid}/cancel`)
    expect([again.status, again.json.cancelled_count]).toEqual([200, 0])
    expect((await me.get(`/job-runs/${run.uuid}`)).json).toMatchObject({
      status: 'running',
      cancel_requested_at: expect.any(String),
    })
  })

  it.each(['completed', 'failed', 'cancelled'])('of a %s run is 409 and names the state', async (state) => {
    const run = await me.run()
    await finish(run.uuid, state)
    const { status, json } = await me.post(`/job-runs/${run.uuid}/cancel`)
    expect([status, json.code]).toEqual([409, 'job_run_terminal'])
    expect(json.detail).toContain(state)
  })

  it('of an unknown run is 404', async () => {
    expect((await me.post(`/job-runs/${unknownId}/cancel`)).status).toBe(404)
  })

  it('by key cancels what the key started', async () => {
    const job = await me.job()
    const run = (await me.post('/job-runs', { job_id: job.uuid }, { 'Idempotency-Key': 'cancel-1' })).json
    const { status, json } = await me.post('/job-runs/cancel-by-key', { idempotency_key: 'cancel-1' })
    expect([status, json.cancelled_count, json.job_run.uuid, json.job_run.status]).toEqual([
      200,
      1,
      run.uuid,
      'cancelled',
    ])
    const again = await me.post('/job-runs/cancel-by-key', { idempotency_key: 'cancel-1' })
    expect([again.status, again.json.cancelled_count, again.json.job_run.status]).toEqual([
      200,
      0,
      'cancelled',
    ])
  })

  it('by a key that started nothing bars it for ever', async () => {
    const job = await me.job()
    const barred = await me.post('/job-runs/cancel-by-key', { idempotency_key: 'cancel-2' })
    expect([barred.status, barred.json.job_run, barred.json.cancelled_count]).toEqual([200, null, 0])
    const late = await me.post('/job-runs', { job_id: job.uuid }, { 'Idempotency-Key': 'cancel-2' })
    expect([late.status, late.json.code]).toEqual([409, 'key_barred'])
    expect((await me.get(`/job-runs?job_id=${job.uuid}`)).json.count).toBe(0)
    expect((await (await api.person()).job()).uuid).toBeDefined()
  })

  it('by a key that no header could carry is refused', async () => {
    expect(
      (await me.post('/job-runs/cancel-by-key', { idempotency_key: 'a b' })).json.errors[0].pointer,
    ).toBe('/idempotency_key')
  })
})

describe('listing runs', () => {
  it('filters by each parameter of the reference', async () => {
    const someone = await api.person()
    const job = await someone.job()
    const a = await someone.run(job.uuid)
    const b = await someone.run()
    await someone.post(`/job-runs/${a.uuid}/cancel`)
    const list = async (query: string) =>
      (await someone.get(`/job-runs?${query}`)).json.items.map((run: { uuid: string }) => run.uuid)
    expect(await list('')).toEqual([b.uuid, a.uuid])
    expect(await list(`job_id=${job.uuid}`)).toEqual([a.uuid])
    expect(await list('statuses=cancelled')).toEqual([a.uuid])
    expect(await list('statuses=cancelled&statuses=pending')).toHaveLength(2)
    expect(await list('job_types=metagraph_update')).toEqual([])
    expect(await list(`created_before=${b.created_at}&created_after=${a.created_at}`)).not.toContain(b.uuid)
  })
})

describe('waiting for a run', () => {
  it('looks again when the run itself changes, not when others of the workspace do', async () => {
    let looks = 0
    const counting = await startApi({
      store: (store) => ({
        ...store,
        runs: { ...store.runs, get: (...args) => store.runs.get(...args).finally(() => (looks += 1)) },
      }),
    })
    try {
      const someone = await counting.person()
      const run = await someone.run()
      const waiting = someone.get(`/job-runs/${run.uuid}?wait=60`)
      await until('it waits', () => looks > 0)
      const before = looks
      const start = performance.now()
      for (let others = 0; others < 60; others++) await someone.run(run.job_id)
      // What it may have looked by the clock, twice a second.
      const byTheClock = Math.ceil((performance.now() - start) / 500) + 1
      expect(looks - before).toBeLessThanOrEqual(byTheClock)
      await someone.post(`/job-runs/${run.uuid}/cancel`)
      expect((await waiting).json.status).toBe('cancelled')
    } finally {
      await counting.close()
    }
  })

  it('answers at once when it is terminal', async () => {
    const run = await me.run()
    await finish(run.uuid)
    const { json } = await me.get(`/job-runs/${run.uuid}?wait=60`)
    expect(json.status).toBe('completed')
  })

  it('answers when it becomes so', async () => {
    const run = await me.run()
    const waiting = me.get(`/job-runs/${run.uuid}?wait=60`)
    await finish(run.uuid, 'failed', { code: 'x', message: 'y' })
    expect((await waiting).json).toMatchObject({
      status: 'failed',
      error: { code: 'x', message: 'y' },
      attempt: 1,
    })
  })

  it('answers what there is when the time is up', async () => {
    const run = await me.run()
    expect((await me.get(`/job-runs/${run.uuid}?wait=0.05`)).json.status).toBe('pending')
  })

  it.each(['-1', '61', 'x'])('refuses wait=%s', async (wait) => {
    const run = await me.run()
    expect((await me.get(`/job-runs/${run.uuid}?wait=${wait}`)).json).toMatchObject({
      status: 422,
      errors: [{ pointer: '?wait' }],
    })
  })
})

describe('the change feed', () => {
  it('starts now, tells every change in order, and goes on from a cursor', async () => {
    const someone = await api.person()
    await someone.run()
    const start = (await someone.get('/job-runs/changes')).json
    expect(start.changes).toEqual([])
    const run = await someone.run()
    await finish(run.uuid)
    const { changes, cursor } = (
      await someone.get(`/job-runs/changes?after=${encodeURIComponent(start.cursor)}`)
    ).json
    expect(changes.map((change: { status: string }) => change.status)).toEqual([
      'pending',
      'running',
      'completed',
    ])
    expect(changes.map((change: { job_run: { uuid: string } }) => change.job_run.uuid)).toEqual([
      run.uuid,
      run.uuid,
      run.uuid,
    ])
    expect((await someone.get(`/job-runs/changes?after=${encodeURIComponent(cursor)}`)).json).toEqual({
      changes: [],
      cursor,
    })
    const middle = (
      await someone.get(`/job-runs/changes?after=${encodeURIComponent(changes[0].cursor)}&limit=1`)
    ).json
    expect(middle.changes).toMatchObject([{ cursor: changes[1].cursor }])
    expect(middle.cursor).toBe(changes[1].cursor)
  })

  it('tells only the wanted statuses, and moves past the others', async () => {
    const someone = await api.person()
    const { cursor } = (await someone.get('/job-runs/changes')).json
    const run = await someone.run()
    const none = (
      await someone.get(`/job-runs/changes?after=${encodeURIComponent(cursor)}&statuses=completed`)
    ).json
    expect(none.changes).toEqual([])
    expect(none.cursor).not.toBe(cursor)
    await finish(run.uuid)
    const some = (
      await someone.get(`/job-runs/changes?after=${encodeURIComponent(none.cursor)}&statuses=completed`)
    ).json
    expect(some.changes).toMatchObject([{ job_run: { uuid: run.uuid, status: 'completed' } }])
  })

  it('waits for the next change', async () => {
    const someone = await api.person()
    const { cursor } = (await someone.get('/job-runs/changes')).json
    const waiting = someone.get(`/job-runs/changes?after=${encodeURIComponent(cursor)}&wait=60`)
    const run = await someone.run()
    expect((await waiting).json.changes).toMatchObject([{ job_run: { uuid: run.uuid } }])
  })

  it('refuses a cursor that it did not make', async () => {
    const other = (await (await api.person()).get('/job-runs/changes')).json.cursor
    for (const cursor of ['x', other])
      expect((await me.get(`/job-runs/changes?after=${encodeURIComponent(cursor)}`)).json).toMatchObject({
        status: 422,
        code: 'bad_cursor',
        errors: [{ pointer: '?after' }],
      })
  })
})

describe('what a worker reports', () => {
  it('is seen by whoever reads the run: progress, logs and outputs', async () => {
    const run = await me.run()
    const path = `/worker/job-runs/${run.uuid}`
    const started = (await api.worker.post(`${path}/start`, { attempt: 1, worker: 'w' })).json
    expect(started).toMatchObject({
      action: 'execute',
      job_type: 'plain',
      workspace: me.workspace,
      previous_attempt: 'none',
      job_run: { status: 'running' },
    })
    expect(
      (await api.worker.post(`${path}/progress`, { attempt: 1, fraction: 0.5, message: 'half' })).json
        .applied,
    ).toBe(true)
    const at = '2026-04-13T10:10:00.000000'
    await api.worker.post(`${path}/logs`, {
      attempt: 1,
      lines: [
        { at, level: 'info', message: 'one' },
        { at, level: 'warn', message: 'two' },
      ],
    })
    const html = '<script>alert(1)</script>'
    const stored = await api.worker.send('PUT', `${path}/outputs/page?attempt=1&type=report`, {
      body: html,
      headers: { 'Content-Type': 'text/html' },
    })
    expect([stored.status, stored.json]).toMatchObject([
      200,
      { name: 'page', type: 'report', media_type: 'text/html', size_bytes: html.length },
    ])
    await api.worker.send('PUT', `${path}/outputs/answer?attempt=1`, { body: { n: 42 } })
    await api.worker.post(`${path}/finish`, { attempt: 1, status: 'completed' })

    const seen = (await me.get(`/job-runs/${run.uuid}`)).json
    expect(seen).toMatchObject({
      status: 'completed',
      progress: { fraction: 0.5, message: 'half' },
      started_at: expect.any(String),
      finished_at: expect.any(String),
    })
    const byName = Object.fromEntries(
      seen.output_references.map((reference: { name: string }) => [reference.name, reference]),
    )
    expect(byName.answer.value).toEqual({ n: 42 })
    expect((await me.get(`/job-runs/${run.uuid}/logs`)).json.items).toMatchObject([
      { message: 'one' },
      { message: 'two', level: 'warn', attempt: 1 },
    ])
    const first = (await me.get(`/job-runs/${run.uuid}/logs?limit=1`)).json
    expect(first).toMatchObject({ count: 1, items: [{ message: 'one' }] })
    expect(
      (await me.get(`/job-runs/${run.uuid}/logs?limit=1&cursor=${encodeURIComponent(first.next_cursor)}`))
        .json.items,
    ).toMatchObject([{ message: 'two' }])

    const download = await fetch(new URL(byName.page.href, api.url), {
      headers: { Authorization: `Bearer ${me.token}` },
    })
    expect(await download.text()).toBe(html)
    expect(Object.fromEntries(download.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-disposition': 'attachment; filename="page"',
      'content-length': String(html.length),
      'x-content-type-options': 'nosniff',
    })
    expect((await me.get(`/job-runs/${run.uuid}/outputs/none`)).json.code).toBe('unknown_output')
  })

  it('changes nothing when it comes too late, and is a success all the same', async () => {
    const run = await me.run()
    await finish(run.uuid)
    const path = `/worker/job-runs/${run.uuid}`
    for (const [what, body] of [
      ['finish', { attempt: 2, status: 'failed' }],
      ['retry', { attempt: 1, error: { code: 'a', message: 'b' } }],
      ['progress', { attempt: 1, fraction: 1 }],
    ] as const) {
      const late = await api.worker.post(`${path}/${what}`, body)
      expect([late.status, late.json.applied, late.json.job_run.status]).toEqual([200, false, 'completed'])
    }
    expect((await api.worker.post(`${path}/start`, { attempt: 2, worker: 'w' })).json).toMatchObject({
      action: 'finished',
      job_run: { status: 'completed' },
    })
    const output = await api.worker.send('PUT', `${path}/outputs/late?attempt=1`, { body: {} })
    expect([output.status, output.json.code]).toEqual([409, 'job_run_terminal'])
  })

  it('is refused when nobody could be answered with it, and the feed goes on', async () => {
    const run = await me.run()
    const { cursor } = (await me.get('/job-runs/changes')).json
    const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`
    for (const content of [
      nested(65),
      nested(7_000),
      nested(100_000),
      '{"a":1,"a":2}',
      '[1e400]',
      '{',
      '["\\ud800"]',
    ])
      for (const type of ['application/json', 'application/vnd.x+json; charset=utf-8']) {
        const path = `/worker/job-runs/${run.uuid}/outputs/bad?attempt=1`
        const answer = await api.worker.send('PUT', path, {
          body: content,
          headers: { 'Content-Type': type },
        })
        expect([answer.status, answer.json.code]).toEqual([422, 'validation_failed'])
      }
    const kept = await api.worker.send('PUT', `/worker/job-runs/${run.uuid}/outputs/good?attempt=1`, {
      body: nested(64),
      headers: { 'Content-Type': 'application/json' },
    })
    expect(JSON.stringify(kept.json.value)).toBe(nested(64))
    await finish(run.uuid)
    expect((await me.get(`/job-runs/changes?after=${cursor}`)).json.changes).not.toEqual([])
    expect((await me.get('/job-runs')).json.items[0].output_references).toHaveLength(1)
  })

  it('and a body alike hold no number and no key that would be changed', async () => {
    for (const config of [
      '{"n":12345678901234567890}',
      '{"n":1e400}',
      '{"n":1e-400}',
      '{"n":1,"\\u006e":2}',
    ]) {
      const answer = await me.send('POST', '/jobs', {
        body: `{"job_type":"plain","config":${config}}`,
        headers: { 'Content-Type': 'application/json' },
      })
      expect([answer.status, answer.json.errors[0].pointer]).toEqual([422, '/config/n'])
    }
  })

  it('names an attempt that a database can count', async () => {
    const run = await me.run()
    const path = `/worker/job-runs/${run.uuid}`
    const attempt = 2 ** 31
    const error = { code: 'a', message: 'b' }
    const reports = {
      start: { worker: 'w' },
      finish: { status: 'failed' },
      retry: { error },
      logs: { lines: [] },
      progress: {},
    }
    for (const [what, body] of Object.entries(reports)) {
      const answer = await api.worker.post(`${path}/${what}`, { attempt, ...body })
      expect([what, answer.status, answer.json.errors[0].pointer]).toEqual([what, 422, '/attempt'])
    }
    const output = await api.worker.send('PUT', `${path}/outputs/a?attempt=${attempt}`, { body: {} })
    expect([output.status, output.json.errors[0].pointer]).toEqual([422, '?attempt'])
  })

  it.each(['', '0x1', '1e0', '%201', '+1', '1.', '١'])(
    'and a reader alike write numbers in digits, not as %j',
    async (text) => {
      for (const target of [`/job-runs?limit=${text}`, `/job-runs/changes?wait=${text}`]) {
        const answer = await me.get(target)
        expect([answer.status, answer.json.errors?.[0].pointer]).toEqual([422, `?${target.split(/[?=]/)[1]}`])
      }
    },
  )

  it('is bounded: outputs in number, and what is inlined of them together', async () => {
    const run = await me.run()
    const put = (name: string, size: number) =>
      api.worker.send('PUT', `/worker/job-runs/${run.uuid}/outputs/${name}?attempt=1`, {
        body: ['x'.repeat(size)],
      })
    for (const name of ['a', 'b', 'c', 'd', 'e']) expect((await put(name, 15_000)).status).toBe(200)
    const { output_references: outputs } = (await me.get(`/job-runs/${run.uuid}`)).json
    expect(outputs.filter((output: object) => 'value' in output)).toHaveLength(4)
    expect((await me.get(`/job-runs/${run.uuid}/outputs/e`)).json).toEqual(['x'.repeat(15_000)])
    for (let count = 5; count < limits.outputsOfRun; count++) await put(`n${count}`, 0)
    expect((await put('more', 0)).json).toMatchObject({ status: 422, code: 'outputs_full' })
    expect((await put('a', 1)).status).toBe(200)
  })

  it('does not let an attempt begin after a later one', async () => {
    const run = await me.run()
    const path = `/worker/job-runs/${run.uuid}/start`
    expect((await api.worker.post(path, { attempt: 2, worker: 'b' })).json).toMatchObject({
      action: 'execute',
      previous_attempt: 'lost',
    })
    expect((await api.worker.post(path, { attempt: 1, worker: 'a' })).json).toMatchObject({
      status: 409,
      code: 'attempt_superseded',
    })
  })

  it('is refused for unknown runs, bad names of outputs and a user’s token', async () => {
    expect(
      (await api.worker.post(`/worker/job-runs/${unknownId}/start`, { attempt: 1, worker: 'w' })).status,
    ).toBe(404)
    const run = await me.run()
    const bad = await api.worker.send('PUT', `/worker/job-runs/${run.uuid}/outputs/a-b?attempt=1`, {
      body: {},
    })
    expect([bad.status, bad.json.errors[0].pointer]).toEqual([422, '{name}'])
    const user = await me.post(`/worker/job-runs/${run.uuid}/start`, { attempt: 1, worker: 'w' })
    expect([user.status, user.json.code]).toEqual([403, 'worker_token_required'])
  })
})

describe('a handler', () => {
  it('acts within the workspace and the name of its run', async () => {
    const run = await me.run()
    const handler = api.handlerOf(run.uuid)
    const job = (await handler.post('/jobs', { job_type: 'plain' })).json
    expect(job.created_by).toBe(me.email)
    expect((await me.get(`/jobs/${job.uuid}`)).status).toBe(200)
  })

  it('needs a run that exists; a user must not name one', async () => {
    expect((await api.handlerOf(unknownId).get('/jobs')).json).toMatchObject({
      status: 403,
      code: 'unknown_job_run',
    })
    expect((await api.handlerOf('x').get('/jobs')).json).toMatchObject({ status: 422 })
    expect((await api.worker.get('/jobs')).json).toMatchObject({
      status: 403,
      code: 'job_run_header_required',
    })
    const run = await me.run()
    expect((await me.get('/jobs', { headers: { 'Jobwright-Job-Run': run.uuid } })).status).toBe(403)
  })
})

describe('who calls', () => {
  it('is told to a user by workspace and email', async () => {
    const { json } = await me.get('/whoami')
    expect(json).toEqual({ workspace: me.workspace, email: me.email, installation: 'default' })
  })

  it('is, for a worker, whoever triggered the job run that it acts for', async () => {
    const run = await me.run()
    const { json } = await api.handlerOf(run.uuid).get('/whoami')
    expect(json).toEqual({ workspace: me.workspace, email: me.email, installation: 'default' })
    expect((await api.worker.get('/whoami')).json).toMatchObject({
      status: 403,
      code: 'job_run_header_required',
    })
  })
})

describe('the capabilities', () => {
  it('say what this server offers', async () => {
    expect(capabilitiesSchema.strict().parse((await me.get('/capabilities')).json)).toMatchObject({
      server: 'jobwright',
      version: '1.2.3',
      idempotency_keys: true,
    })
  })
})
