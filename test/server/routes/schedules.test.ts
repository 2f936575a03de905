import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PipelineSchedulesClient } from '../../../src/client/index.ts'
import { basePath, type TickRow } from '../../../src/contract/index.ts'
import { compilePipeline } from '../../../src/pipeline/index.ts'
import { TemporalUnreachableError } from '../../../src/temporal/index.ts'
import { type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi()
})
beforeEach(async () => {
  me = await api.person()
})
afterAll(() => api.close())

const nap =
  'name: nap\ninputs: { units: { type: array, default: [] } }\nsteps: { nap: { job_type: plain } }\n'
const nightly = `${nap}schedule: { cron: '30 2 * * *', timezone: Europe/Berlin }\n`
const two = `${nap}schedule:
  - { name: early, cron: '30 2 * * *' }
  - { name: late, every: 6h, overlap: queue, inputs: { units: [pump] } }
`
const { plan } = compilePipeline(nap, { file: 'nap.yaml' })
const schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
const put = (name: string, body: object, query = '') => me.send('PUT', `/schedules/${name}${query}`, { body })

describe('PUT /schedules/{name}', () => {
  it.each([
    ['a file', 'nap', { yaml: nightly }],
    ['a file without one, and a schedule', 'nap', { yaml: nap, schedule }],
    ['a file with another one, and a schedule', 'nap', { yaml: two, schedule }],
    ['a plan and a schedule', 'nap', { plan, schedule }],
  ])('makes one of %s', async (_, name, body) => {
    const { status, json } = await put(name, body)
    expect([status, json.change, json.dry_run], JSON.stringify(json)).toEqual([200, 'created', false])
    expect(json.schedule).toMatchObject({
      name,
      pipeline: 'nap',
      cron: '30 2 * * *',
      timezone: 'Europe/Berlin',
      owner: me.email,
      workspace: me.workspace,
    })
    expect((await put(name, body)).json).toMatchObject({ change: 'unchanged', schedule: { revision: 1 } })
  })

  it('takes the one of several that the path names, and a file as it is', async () => {
    const sent = await me.send('PUT', '/schedules/late', {
      body: two,
      headers: { 'Content-Type': 'application/yaml' },
    })
    expect(sent.json.schedule, JSON.stringify(sent.json)).toMatchObject({
      name: 'late',
      cron: null,
      overlap: 'queue',
      inputs: { units: ['pump'] },
    })
    const other = await put('other', { yaml: two })
    expect([other.status, other.json.errors]).toMatchObject([
      422,
      [{ pointer: '/yaml', detail: expect.stringContaining('it has early, late') }],
    ])
    const none = await put('other', { yaml: nap })
    expect([none.status, none.json.errors]).toMatchObject([
      422,
      [{ pointer: '/yaml', detail: expect.stringContaining('no schedule') }],
    ])
  })

  it('takes a saved pipeline in the version that is asked for, or the newest', async () => {
    const save = (yaml: string) => me.send('PUT', '/pipelines/nap', { body: { yaml } })
    await save(nightly)
    await save(nap)
    expect((await put('nap', { pipeline: 'nap', version: 1 })).json).toMatchObject({
      change: 'created',
      schedule: { pipeline_version: 1 },
    })
    const newest = await put('nap', { pipeline: 'nap' })
    expect(newest.json.errors).toMatchObject([{ pointer: '/pipeline' }])
    expect((await put('nap', { pipeline: 'nap', schedule })).json.schedule.pipeline_version).toBe(2)
    const unknown = await put('nap', { pipeline: 'nap', version: 9 })
    expect([unknown.status, unknown.json.code]).toEqual([404, 'unknown_pipeline'])
  })

  it('tells what it would change, and changes nothing', async () => {
    const would = await put('nap', { yaml: nightly }, '?dry_run=true')
    expect(would.json).toMatchObject({ change: 'created', dry_run: true, schedule: null })
    expect((await me.get('/schedules/nap')).status).toBe(404)
    expect((await put('nap', { yaml: nightly }, '?dry_run=yes')).json.errors).toMatchObject([
      { pointer: '?dry_run' },
    ])
  })

  it('refuses another pipeline under a name that is used', async () => {
    await put('nap', { yaml: nightly })
    const { status, json } = await put('nap', { yaml: nightly.replace('name: nap', 'name: other'), schedule })
    expect([status, json.code]).toEqual([409, 'schedule_name_taken'])
    expect(json.detail).toContain('of the pipeline nap')
  })

  it.each([
    ['nothing', {}, ['']],
    ['several sources', { yaml: nightly, pipeline: 'nap' }, ['']],
    ['a version of nothing', { yaml: nightly, version: 1 }, ['/version']],
    ['a plan without a schedule', { plan }, ['/schedule']],
    ['fields that it does not have', { yaml: nightly, paused: true }, ['/paused']],
    ['six fields', { plan, schedule: { cron: '0 30 2 * * *' } }, ['/schedule/cron']],
    ['a nickname', { plan, schedule: { cron: '@daily' } }, ['/schedule/cron']],
    ['the last day', { plan, schedule: { cron: '0 2 L * *' } }, ['/schedule/cron']],
    ['the second Monday', { plan, schedule: { cron: '0 2 * * 1#2' } }, ['/schedule/cron']],
    [
      'an unknown zone',
      { plan, schedule: { cron: '0 2 * * *', timezone: 'Berlin' } },
      ['/schedule/timezone'],
    ],
    ['no interval', { plan, schedule: { every: '0s' } }, ['/schedule/every']],
    ['neither', { plan, schedule: {} }, ['/schedule']],
    ['an unknown word', { plan, schedule: { ...schedule, overlap: 'wait' } }, ['/schedule/overlap']],
    ['an unknown field', { plan, schedule: { ...schedule, zone: 'UTC' } }, ['/schedule/zone']],
    [
      'several',
      { plan, schedule: { ...schedule, zone: 'UTC', overlap: 1 } },
      ['/schedule/overlap', '/schedule/zone'],
    ],
    ['another name', { plan, schedule: { ...schedule, name: 'other' } }, ['/schedule/name']],
    [
      'an input that there is not',
      { plan, schedule: { ...schedule, inputs: { unit: 1 } } },
      ['/schedule/inputs/unit'],
    ],
  ])('refuses %s, each problem with its place', async (_, body, pointers) => {
    const { status, json, headers } = await put('nap', body)
    expect(headers.get('Content-Type')).toBe('application/problem+json')
    expect(status, JSON.stringify(json)).toBe(422)
    const found = json.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()
    expect(found, JSON.stringify(json.errors)).toEqual(pointers)
  })

  it('refuses a file with all its findings', async () => {
    const { status, json } = await put('nap', { yaml: nightly.replace('30 2 * * *', '61 2 * * *') })
    expect([status, json.code]).toEqual([422, 'invalid_pipeline'])
    expect(json.findings).toMatchObject([{ severity: 'error', line: 4 }])
  })
})

describe('a schedule', () => {
  beforeEach(() => put('nap', { yaml: nightly }))

  it('is shown, paused with a note, resumed, and gone once it is deleted', async () => {
    expect((await me.get('/schedules/nap')).json).toMatchObject({ name: 'nap', paused: false })
    const paused = await me.post('/schedules/nap/pause', { note: 'the press is down' })
    expect(paused.json).toMatchObject({ paused: true, paused_because: 'the press is down' })
    expect((await me.post('/schedules/nap/resume')).json).toMatchObject({ paused: false, warnings: [] })
    expect((await me.post('/schedules/nap/pause')).json.paused).toBe(true)
    const untyped = new Uint8Array([0x7b, 0x7d])
    expect((await me.send('POST', '/schedules/nap/pause', { body: untyped })).status).toBe(415)
    const long = await me.post('/schedules/nap/pause', { note: 'x'.repeat(501) })
    expect([long.status, long.json.errors[0].pointer]).toEqual([422, '/note'])
    expect((await me.send('DELETE', '/schedules/nap')).status).toBe(200)
    for (const answer of [
      await me.get('/schedules/nap'),
      await me.send('DELETE', '/schedules/nap'),
      await me.post('/schedules/nap/pause'),
      await me.post('/schedules/nap/resume'),
      await me.post('/schedules/nap/trigger'),
      await me.get('/schedules/nap/ticks'),
    ])
      expect([answer.status, answer.json.code]).toEqual([404, 'unknown_schedule'])
    for (const name of ['-x', 'a%20b', 'a%2Fb', 'x'.repeat(101)])
      expect((await me.get(`/schedules/${name}`)).json.errors).toMatchObject([{ pointer: '{name}' }])
  })

  it('is triggered once under a key', async () => {
    const before = api.runs.started()
    const trigger = (inputs: object, key = 'tonight') =>
      me.post('/schedules/nap/trigger', { inputs }, { 'Idempotency-Key': key })
    const answers = await Promise.all(Array.from({ length: 20 }, () => trigger({ units: ['pump'] })))
    expect(new Set(answers.map(({ status, json }) => `${status} ${json.id}`)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers.get('Idempotent-Replayed') === null)).toHaveLength(1)
    expect(api.runs.started()).toBe(before + 1)
    const [first] = answers
    expect(first?.status).toBe(201)
    expect(first?.headers.get('Location')).toBe(`${basePath}/pipeline-runs/${first?.json.id}`)
    const reused = await trigger({ units: ['fan'] })
    expect([reused.status, reused.json.code]).toEqual([422, 'idempotency_key_reused'])
    expect((await trigger({ units: ['pump'] }, 'again')).json.id).not.toBe(first?.json.id)
    expect((await me.post('/schedules/nap/trigger')).status).toBe(201)
  })

  it('is listed by name, a page at a time', async () => {
    for (const name of ['B', 'a-1', 'a']) await put(name, { yaml: nap, schedule })
    const found: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json } = await me.get(`/schedules?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...json.items.map((item: { name: string }) => item.name))
      cursor = json.next_cursor
    }
    expect(found).toEqual(['B', 'a', 'a-1', 'nap'])
    const foreign = (await me.get('/schedules?limit=1')).json.next_cursor
    const other = await api.person()
    for (const cursor of [foreign, 'x', ''])
      expect((await other.get(`/schedules?cursor=${cursor}`)).json.code).toBe('bad_cursor')
  })

  it('is not to be had while Temporal is away: at once, with a time to try again', async () => {
    api.schedules.fail(new TemporalUnreachableError('10.1.2.3:7233', new Error('refused')))
    try {
      for (const answer of [
        await me.get('/schedules'),
        await me.get('/schedules/nap'),
        await me.get('/schedules/nap/ticks'),
        await put('nap', { yaml: nightly }),
        await me.post('/schedules/nap/trigger', {}, { 'Idempotency-Key': 'away' }),
      ]) {
        expect([answer.status, answer.json.code]).toEqual([503, 'temporal_unavailable'])
        expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
        expect(answer.text).not.toContain('10.1.2.3')
      }
    } finally {
      api.schedules.fail(undefined)
    }
  })
})

describe('GET /schedules/{name}/ticks', () => {
  const at = (day: number) => `2026-04-${String(day).padStart(2, '0')}T00:30:00.000Z`
  const row = (day: number, rest: Partial<TickRow> = {}): Omit<TickRow, 'schedule'> => ({
    nominal_at: at(day),
    due_at: at(day),
    decided_at: at(day),
    outcome: 'fired',
    reason: null,
    run: `nap-${day}`,
    late_seconds: null,
    ...rest,
  })
  const days = (items: TickRow[]) => items.map(({ nominal_at }) => Number(nominal_at.slice(8, 10)))
  beforeEach(async () => {
    await put('ledger', { yaml: nap, schedule })
    api.schedules.write('ledger', [
      row(1),
      row(2, { outcome: 'skipped', reason: 'overlap', run: null }),
      row(3, { outcome: 'manual' }),
      row(3, { outcome: 'manual', run: 'a, "b"' }),
      row(4),
    ])
  })
  // The last one who has a schedule of that name is written to.
  const ticks = (query = '') => me.get(`/schedules/ledger/ticks${query}`)

  it('lists what became of each time, by time and outcome, page by page', async () => {
    expect((await ticks()).json).toMatchObject({ count: 5, next_cursor: null })
    expect(days((await ticks('?from=2026-04-02&until=2026-04-04')).json.items)).toEqual([2, 3, 3])
    expect(days((await ticks('?outcome=fired&outcome=skipped')).json.items)).toEqual([1, 2, 4])
    const found: TickRow[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json } = await ticks(`?limit=1&from=2026-04-01${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...json.items)
      cursor = json.next_cursor
    }
    expect(days(found)).toEqual([1, 2, 3, 3, 4])
    expect(new Set(found.map(({ run }) => run)).size).toBe(5)
  })

  it.each([
    ['?from=yesterday', '?from'],
    ['?from=2026-04-04&until=2026-04-04', '?until'],
    ['?outcome=done', '?outcome'],
    ['?limit=0', '?limit'],
    ['?cursor=x', '?cursor'],
    ['?since=2026-04-04', '?since'],
  ])('refuses %s', async (query, pointer) => {
    const { status, json } = await ticks(query)
    expect([status, json.errors[0].pointer]).toEqual([422, pointer])
  })

  it('gives CSV to who asks for it', async () => {
    const client = new PipelineSchedulesClient({ baseUrl: `${api.url}${basePath}`, token: me.token })
    expect(
      (await client.ticksCsv('ledger', { from: '2026-04-02', until: '2026-04-04' })).split('\r\n'),
    ).toEqual([
      'schedule,nominal_at,due_at,decided_at,outcome,reason,run,late_seconds',
      `ledger,${at(2)},${at(2)},${at(2)},skipped,overlap,,`,
      `ledger,${at(3)},${at(3)},${at(3)},manual,,"a, ""b""",`,
      `ledger,${at(3)},${at(3)},${at(3)},manual,,nap-3,`,
      '',
    ])
    for (const [accept, type] of [
      ['text/csv', 'text/csv; charset=utf-8'],
      ['text/csv, application/json;q=0.5', 'text/csv; charset=utf-8'],
      ['application/json, text/csv', 'application/json'],
      ['*/*', 'application/json'],
      ['text/html', 'application/json'],
    ] as const) {
      const { headers } = await me.get('/schedules/ledger/ticks', { headers: { Accept: accept } })
      expect(headers.get('Content-Type')).toBe(type)
    }
    const unknown = await me.get('/schedules/nothing/ticks', { headers: { Accept: 'text/csv' } })
    expect([unknown.status, unknown.headers.get('Content-Type')]).toEqual([404, 'application/problem+json'])
  })
})

describe('simulations', () => {
  const simulate = (body: object) => me.post('/schedules/simulate', body)

  it('are of all schedules of a file, of one of them, or of one that is no file’s', async () => {
    const names = async (body: object) =>
      (await simulate(body)).json.items.map((item: { schedule: string }) => item.schedule)
    expect(await names({ yaml: two })).toEqual(['early', 'late'])
    expect(await names({ yaml: two, name: 'late' })).toEqual(['late'])
    expect(await names({ yaml: nap, schedule })).toEqual(['nap'])
    expect(await names({ schedule, name: 'some' })).toEqual(['some'])
    expect((await simulate({ schedule, assume: '25m', count: 3 })).json.items).toMatchObject([
      { assume: '1500000ms', ticks: [{}, {}, {}] },
    ])
    await put('late', { yaml: two })
    const { json } = await me.get('/schedules/late/simulation?count=2&assume=90s')
    expect(json).toMatchObject({ schedule: 'late', assume: '90000ms', ticks: [{}, {}] })
  })

  it.each([
    [{}, ['']],
    [{ yaml: nap }, ['/yaml']],
    [{ yaml: two, name: 'other' }, ['/yaml']],
    [{ plan, schedule }, ['/plan']],
    [{ schedule, count: 1001 }, ['/count']],
    [{ schedule, count: 3, until: '2026-05-01', assume: '25' }, ['/assume', '/count']],
    [{ schedule, from: 'tomorrow' }, ['/from']],
    [{ schedule: { cron: '@daily' } }, ['/schedule/cron']],
  ])('are not of %j', async (body, pointers) => {
    const { status, json } = await simulate(body)
    expect(status, JSON.stringify(json)).toBe(422)
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual(pointers)
  })
})

describe('backfills', () => {
  const range = { from: '2026-04-01', until: '2026-04-30' }
  const backfill = (body: object, headers?: Record<string, string>) =>
    me.post('/schedules/nap/backfills', body, headers)
  beforeEach(() => put('nap', { yaml: nightly }))

  it('are planned first, and started once under a key', async () => {
    const planned = await backfill({ ...range, plan: true, only: 'failed', max_active: 3 })
    expect([planned.status, planned.headers.get('Location')]).toEqual([200, null])
    expect(planned.json).toMatchObject({ only: 'failed', max_active: 3, lines: [{ action: 'run' }] })
    expect((await me.get('/schedules/nap/backfills')).json.items).toEqual([])
    const key = { 'Idempotency-Key': 'april' }
    const started = await backfill(range, key)
    const path = `/schedules/nap/backfills/${started.json.id}`
    expect([started.status, started.headers.get('Location')]).toEqual([201, basePath + path])
    const again = await backfill(range, key)
    expect([again.json.id, again.headers.get('Idempotent-Replayed')]).toEqual([started.json.id, 'true'])
    expect((await backfill({ ...range, only: 'all' }, key)).json.code).toBe('idempotency_key_reused')
    expect((await me.post(`${path}/pause`, { note: 'the press is down' })).json).toMatchObject({
      status: 'paused',
      paused_because: 'the press is down',
    })
    expect((await me.post(`${path}/resume`)).json.status).toBe('running')
    expect((await me.post(`${path}/cancel`)).json.status).toBe('cancelling')
    expect((await me.get(path)).json.status).toBe('cancelling')
    expect((await me.get('/schedules/nap/backfills?limit=1')).json).toMatchObject({
      count: 1,
      next_cursor: null,
    })
    const unknown = await me.get('/schedules/nap/backfills/x')
    expect([unknown.status, unknown.json.code]).toEqual([404, 'unknown_backfill'])
  })

  it.each([
    [{ until: '2026-04-01' }, '/from'],
    [{ ...range, from: 'yesterday' }, '/from'],
    [{ from: '2026-04-02', until: '2026-02-30T02:30' }, '/until'],
    [{ from: '2026-04-02', until: '2026-04-01' }, '/until'],
    [{ ...range, max_active: 101 }, '/max_active'],
    [{ ...range, only: 'late' }, '/only'],
    [{ ...range, yes: true }, '/yes'],
  ])('are not started for %j', async (body, pointer) => {
    const { status, json } = await backfill(body)
    expect([status, json.errors[0].pointer]).toEqual([422, pointer])
  })
})
