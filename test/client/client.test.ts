import { describe, expect, expectTypeOf, test } from 'vitest'
import { incompleteness, JobsApiError, JobsClient, type WireJobRun } from '../../src/client/index.ts'
import { WorkerReportsClient } from '../../src/client/worker-reports.ts'
import { extensionRoutes, referenceRoutes, routes, workerRoutes } from '../../src/contract/index.ts'
import {
  type FaultServer,
  jobBody,
  json,
  runBody,
  type Script,
  startFaultServer,
  text,
} from './fault-server.ts'

const id = runBody.uuid
const jobId = jobBody.uuid
const list = (...items: unknown[]) => ({ items, count: items.length })
const graph = { system: 'PDU', entities: [], relationships: [] }
const document = {
  collection: 'c',
  path: 'a/b.md',
  media_type: 'text/markdown',
  size_bytes: 2,
  sha256: 'x',
  updated_at: runBody.updated_at,
}
const report = { applied: true, job_run: runBody }

function clientOf(server: FaultServer): JobsClient {
  return new JobsClient({ baseUrl: server.baseUrl, token: 't0ken' })
}

const operations: [keyof typeof routes, Script, (client: JobsClient) => Promise<unknown>, string, string][] =
  [
    ['listJobSchemas', json(200, []), (c) => c.listJobSchemas(), '/jobs/schemas', ''],
    [
      'createJob',
      json(201, jobBody),
      (c) => c.createJob({ job_type: 'sleep' }, { idempotencyKey: 'k' }),
      '/jobs',
      '{"job_type":"sleep"}',
    ],
    [
      'listJobs',
      json(200, list(jobBody)),
      (c) => c.listJobs({ job_types: ['a', 'b&c'], limit: 2 }),
      '/jobs?job_types=a&job_types=b%26c&limit=2',
      '',
    ],
    ['getJob', json(200, jobBody), (c) => c.getJob(jobId), `/jobs/${jobId}`, ''],
    ['getLatestRun', json(200, runBody), (c) => c.getLatestRun(jobId), `/jobs/${jobId}/latest-run`, ''],
    [
      'updateJob',
      json(200, jobBody),
      (c) => c.updateJob(jobId, { config: { a: null } }),
      `/jobs/${jobId}`,
      '{"config":{"a":null}}',
    ],
    ['deleteJob', json(200, { message: 'm' }), (c) => c.deleteJob(jobId), `/jobs/${jobId}`, ''],
    [
      'createJobRun',
      json(201, runBody),
      (c) => c.createJobRun({ job_id: jobId }, { idempotencyKey: 'k' }),
      '/job-runs',
      `{"job_id":"${jobId}"}`,
    ],
    [
      'listJobRuns',
      json(200, list(runBody)),
      (c) => c.listJobRuns({ job_id: jobId, statuses: ['failed'] }),
      `/job-runs?job_id=${jobId}&statuses=failed`,
      '',
    ],
    [
      'getJobRun',
      json(200, runBody),
      (c) => c.getJobRun(id, { waitSeconds: 1 }),
      `/job-runs/${id}?wait=1`,
      '',
    ],
    [
      'cancelJobRun',
      json(200, { message: 'm', cancelled_count: 1 }),
      (c) => c.cancelJobRun(id),
      `/job-runs/${id}/cancel`,
      '',
    ],
    [
      'getCapabilities',
      json(200, { idempotency_keys: true }),
      (c) => c.getCapabilities(),
      '/capabilities',
      '',
    ],
    ['whoami', json(200, { workspace: 'w', email: 'a@b' }), (c) => c.whoami(), '/whoami', ''],
    [
      'listJobRunChanges',
      json(200, { changes: [], cursor: '3' }),
      (c) => c.listJobRunChanges({ after: '2', wait: 1 }),
      '/job-runs/changes?after=2&wait=1',
      '',
    ],
    [
      'cancelByKey',
      json(200, { message: 'm', cancelled_count: 0, job_run: null }),
      (c) => c.cancelByKey('k'),
      '/job-runs/cancel-by-key',
      '{"idempotency_key":"k"}',
    ],
    [
      'setClientRef',
      json(200, runBody),
      (c) => c.setClientRef(id, 'wait "1"'),
      `/job-runs/${id}/client-ref`,
      '{"client_ref":"wait \\"1\\""}',
    ],
    [
      'listJobRunLogs',
      json(200, list()),
      (c) => c.listJobRunLogs(id, { limit: 5, cursor: 'x' }),
      `/job-runs/${id}/logs?limit=5&cursor=x`,
      '',
    ],
    ['getOutput', text(200, '{}'), (c) => c.getOutput(id, 'review'), `/job-runs/${id}/outputs/review`, ''],
    [
      'putDocument',
      json(200, document),
      (c) => c.putDocument('c', 'a/ü ?.md', { content: 'hi', mediaType: 'text/markdown' }),
      '/documents/c/a/%C3%BC%20%3F.md',
      'hi',
    ],
    ['getDocument', text(200, 'hi'), (c) => c.getDocument('c', 'a/b.md'), '/documents/c/a/b.md', ''],
    [
      'deleteDocument',
      json(200, { message: 'm' }),
      (c) => c.deleteDocument('c', 'a/b.md'),
      '/documents/c/a/b.md',
      '',
    ],
    ['listDocuments', json(200, list(document)), (c) => c.listDocuments('c'), '/documents/c', ''],
    [
      'getMetagraph',
      json(200, graph, { etag: '"1"' }),
      (c) => c.getMetagraph('P/D'),
      '/metagraphs/P%2FD',
      '',
    ],
    [
      'putMetagraph',
      json(200, graph, { etag: '"2"' }),
      (c) => c.putMetagraph(graph, { ifMatch: '"1"' }),
      '/metagraphs/PDU',
      JSON.stringify(graph),
    ],
  ]

describe('Each operation', () => {
  test.each(operations)('%s sends what the contract says', async (operation, script, call, url, body) => {
    await using server = await startFaultServer(script)
    await call(clientOf(server))
    const [request] = server.requests
    expect(request).toMatchObject({ method: routes[operation].method.toUpperCase(), url: `/api/v1${url}` })
    expect(request?.body.toString()).toBe(body)
    expect(request?.headers).toMatchObject({ authorization: 'Bearer t0ken' })
    if (body !== '') expect(request?.headers['content-length']).toBe(String(Buffer.byteLength(body)))
  })

  test('of the contract has a method', () => {
    const offered = [JobsClient, WorkerReportsClient].flatMap((type) =>
      Object.getOwnPropertyNames(type.prototype),
    )
    expect(offered).toEqual(
      expect.arrayContaining(Object.keys({ ...referenceRoutes, ...extensionRoutes, ...workerRoutes })),
    )
  })

  test('with keys and conditions sends the headers', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      json(
        200,
        request.url.includes('metagraphs') ? graph : request.url.includes('/jobs/') ? jobBody : runBody,
        { etag: '"2"' },
      )(response, request, nth),
    )
    const client = new JobsClient({
      baseUrl: `${server.baseUrl}/`,
      token: 't0ken',
      headers: { 'Jobwright-Job-Run': id },
    })
    await client.createJobRun({ job_id: jobId }, { idempotencyKey: 'key-1' })
    await client.putMetagraph(graph, { ifMatch: '"1"' })
    await client.putMetagraph(graph, { ifMatch: null })
    expect((await client.updateJob(jobId, {}, { ifMatch: '"1"' })).etag).toBe('"2"')
    await client.deleteJob(jobId, { ifMatch: '"1"' })
    expect((await client.getJob(jobId)).etag).toBe('"2"')
    expect(
      server.requests.map(({ headers }) => [
        headers['idempotency-key'],
        headers['if-match'],
        headers['if-none-match'],
        headers['jobwright-job-run'],
      ]),
    ).toEqual([
      ['key-1', undefined, undefined, id],
      [undefined, '"1"', undefined, id],
      [undefined, undefined, '*', id],
      [undefined, '"1"', undefined, id],
      [undefined, '"1"', undefined, id],
      [undefined, undefined, undefined, id],
    ])
  })

  test.each(['', '.', '..', 'a/../b', 'a//b', '\uD800'])(
    'refuses a document path that would lead elsewhere: %j',
    async (path) => {
      await using server = await startFaultServer(json(200, {}))
      await expect(clientOf(server).getDocument('c', path)).rejects.toMatchObject({
        kind: 'not_sent',
        code: 'bad_path_parameter',
      })
      await expect(clientOf(server).getJob('..')).rejects.toMatchObject({
        kind: 'not_sent',
        code: 'bad_path_parameter',
      })
      expect(server.requests).toHaveLength(0)
    },
  )
})

describe('A worker report', () => {
  test('goes to its own route', async () => {
    await using server = await startFaultServer((response, request, nth) => {
      const output = { type: 't', uuid: id, name: 'o', media_type: 'text/plain', size_bytes: 1, href: '/x' }
      const answer = request.url.includes('/start')
        ? { action: 'finished', job_run: runBody }
        : request.url.includes('/outputs/')
          ? output
          : report
      return json(200, answer)(response, request, nth)
    })
    const reports = new WorkerReportsClient({ baseUrl: server.baseUrl, token: 'w' })
    expect(await reports.startAttempt(id, { attempt: 1, worker: 'me' })).toMatchObject({ action: 'finished' })
    await reports.finishRun(id, { attempt: 1, status: 'completed' })
    await reports.retryRun(id, { attempt: 1, error: { code: 'c', message: 'm' } })
    await reports.reportProgress(id, { attempt: 1, fraction: 0.5 })
    await reports.appendLogs(id, { attempt: 1, lines: [] })
    await reports.putOutput(id, {
      name: 'o',
      attempt: 2,
      type: 't',
      mediaType: 'text/plain',
      content: new Uint8Array([65]),
    })
    expect(
      server.requests.map(
        (request) => `${request.method} ${request.url.replace(`/api/v1/worker/job-runs/${id}`, '')}`,
      ),
    ).toEqual([
      'POST /start',
      'POST /finish',
      'POST /retry',
      'POST /progress',
      'POST /logs',
      'PUT /outputs/o?attempt=2&type=t',
    ])
    expect(server.requests.at(-1)).toMatchObject({
      body: Buffer.from('A'),
      headers: { 'content-type': 'text/plain' },
    })
  })
})

describe('An answer of another server', () => {
  const odd = {
    ...runBody,
    status: 'hibernating',
    surprise: { deep: [1] },
    error: 'it broke',
    progress: 'half',
    started_at: 17,
    attempt: 'one',
    output_references: ['https://x/1', 7, null, { name: 3, size_bytes: 'big', href: '/a', extra: [1] }],
  }

  test('keeps unknown statuses and any output references, and drops extensions it has another form of', async () => {
    await using server = await startFaultServer(json(200, odd))
    const run = await clientOf(server).getJobRun(id)
    expectTypeOf(run.status).toEqualTypeOf<string>()
    expectTypeOf(run.output_references[0]!.name).toEqualTypeOf<string | undefined>()
    expect(run).toEqual({
      ...runBody,
      status: 'hibernating',
      error: { code: 'remote_error', message: 'it broke' },
      output_references: [
        { value: 'https://x/1' },
        { value: 7 },
        { value: null },
        { href: '/a', extra: [1] },
      ],
    } satisfies WireJobRun)
  })

  test('leaves out what JavaScript would change, and nothing around it', async () => {
    const text = JSON.stringify({ ...runBody, config: 1, output_references: 2, attempt: 3 })
      .replace('"config":1', '"config":{"big":12345678901234567890}')
      .replace(
        '"output_references":2',
        `"output_references":[{"name":"a","value":[1e400]},{"name":"b","value":${'['.repeat(7_000)}${']'.repeat(7_000)}},{"name":"c","value":7}]`,
      )
      .replace('"attempt":3', '"attempt":1e400')
    await using server = await startFaultServer((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(text)
    })
    const run = await clientOf(server).getJobRun(id)
    expect(run).toMatchObject({
      uuid: runBody.uuid,
      config: {},
      output_references: [{ name: 'a' }, { name: 'b' }, { name: 'c', value: 7 }],
    })
    expect(JSON.stringify(run)).not.toMatch(/null,?\]|1e400|\[\[/)
    expect(run).not.toHaveProperty('attempt')
  })

  test('with a number as an id says so, also where it is one that JavaScript would change', async () => {
    const text = JSON.stringify({ ...runBody, uuid: 1, config: { job_id: 2 } })
      .replace('"uuid":1', '"uuid":9007199254740993')
      .replace('"job_id":2', '"job_id":9007199254740993')
    await using server = await startFaultServer((response) => void response.writeHead(200).end(text))
    await expect(clientOf(server).getJobRun(id)).rejects.toThrow(
      'expected an id, as a string, found a number',
    )
    await using other = await startFaultServer((response) => {
      response.writeHead(200).end(text.replace('"uuid":9007199254740993', `"uuid":"${id}"`))
    })
    expect(await clientOf(other).getJobRun(id)).toMatchObject({ uuid: id, config: {} })
  })

  test('that says two things of one key is refused', async () => {
    const text = JSON.stringify(runBody).replace('"status"', '"status":"failed","status"')
    await using server = await startFaultServer((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(text)
    })
    await expect(clientOf(server).getJobRun(id)).rejects.toMatchObject({ code: 'malformed_response' })
  })

  test('may be any 2xx', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      json(request.method === 'POST' ? 202 : 200, runBody)(response, request, nth),
    )
    expect((await clientOf(server).createJobRun({ job_id: jobId })).uuid).toBe(id)
  })

  test('may leave out what identifies nothing', async () => {
    await using server = await startFaultServer(json(200, { uuid: 'u', job_id: 'j', status: 'running' }))
    expect(await clientOf(server).getJobRun('u')).toMatchObject({
      uuid: 'u',
      job_id: 'j',
      status: 'running',
      config: {},
      output_references: [],
      is_deleted: false,
    })
  })

  test('is a list without cursors', async () => {
    await using server = await startFaultServer(json(200, { items: [runBody], count: 1, next_cursor: null }))
    expect(await clientOf(server).listJobRuns()).toEqual({ items: [runBody], count: 1 })
  })

  test('tells an incomplete list by its count', async () => {
    await using server = await startFaultServer(json(200, { items: [runBody], count: 2 }))
    expect(await clientOf(server).listJobRuns()).toMatchObject({ count: 2, items: [{ uuid: id }] })
  })

  test.each([['3'], [-1], [1.5], [null], [undefined], [1e300]])(
    'says no count when it is %j, which is not taken from the items',
    async (count) => {
      await using server = await startFaultServer(json(200, { items: [runBody], count }))
      const list = await clientOf(server).listJobRuns()
      expect(list).toEqual({ items: [runBody] })
      expect(incompleteness(list)).toBe('it has no count')
    },
  )

  test('is whole or not: what is missing in a short list is not absent', () => {
    const whole = { items: [1, 2], count: 2 }
    expect(incompleteness(whole)).toBeUndefined()
    expect(incompleteness({ items: [], count: 0 })).toBeUndefined()
    expect(incompleteness({ ...whole, count: 3 })).toBe('its count is 3, its items are 2')
    expect(incompleteness({ ...whole, next_cursor: 'x' })).toBe('there is a further page')
    expect(incompleteness({ ...whole, unreadable: ['at /items/2: why'] })).toBe(
      '1 of its items cannot be read (at /items/2: why)',
    )
  })

  test('with runs in a list that cannot be read has the others, and says so', async () => {
    const bad = [{ ...runBody, uuid: 12 }, null, { ...runBody, status: undefined }, { ...runBody, job_id: 7 }]
    await using server = await startFaultServer(json(200, list(...bad, runBody)))
    expect(await clientOf(server).listJobRuns()).toEqual({
      items: [runBody],
      count: 5,
      unreadable: [
        'at /items/0/uuid: expected an id, as a string, found a number',
        'at /items/1: expected an object, found null',
        'at /items/2/status: expected a string, found nothing',
        'at /items/3/job_id: expected an id, as a string, found a number',
      ],
    })
  })

  test('that is a list and nothing around it is none', async () => {
    await using server = await startFaultServer(json(200, [runBody]))
    await expect(clientOf(server).listJobRuns()).rejects.toThrow(
      'at the top: expected an object of items and count, found a list',
    )
  })

  test('names job types, and is read without those that have no name', async () => {
    await using server = await startFaultServer(
      json(200, [{ job_type: 7 }, { job_type: 'a', json_schema: null }]),
    )
    expect(await clientOf(server).listJobSchemas()).toMatchObject([{ job_type: 'a', json_schema: {} }])
    await using other = await startFaultServer(json(200, [{ id: 1 }, 'b']))
    await expect(clientOf(other).listJobSchemas()).rejects.toMatchObject({ code: 'unexpected_response' })
  })

  test.each([
    '2026-04-13T10:10:00',
    '2026-04-13T10:10:00.123+02:00',
    '2026-04-13T10:10:00Z',
    '2026-04-13 10:10:00.000000',
  ])('has times as they come: %s', async (time) => {
    const times = { created_at: time, updated_at: time, started_at: time, finished_at: time }
    await using server = await startFaultServer(json(200, { ...runBody, ...times }))
    expect(await clientOf(server).getJobRun(id)).toMatchObject(times)
  })

  test.each<[unknown, unknown[]]>([
    [null, []],
    [undefined, []],
    ['s3://bucket/key', [{ value: 's3://bucket/key' }]],
    [{ name: 'report', parts: [{ deep: [1, 'x'] }] }, [{ name: 'report', parts: [{ deep: [1, 'x'] }] }]],
    [
      [['a', ['b']], false],
      [{ value: ['a', ['b']] }, { value: false }],
    ],
  ])('refers to outputs in any JSON: %j', async (output_references, expected) => {
    await using server = await startFaultServer(json(200, { ...runBody, output_references }))
    expect((await clientOf(server).getJobRun(id)).output_references).toEqual(expected)
  })

  test('has ids that are no UUIDs', async () => {
    const run = { ...runBody, uuid: 'run:7/α b', job_id: 'job_2Xz' }
    await using server = await startFaultServer(json(200, run))
    expect(await clientOf(server).getJobRun(run.uuid)).toEqual(run)
    expect(server.requests[0]?.url).toBe('/api/v1/job-runs/run%3A7%2F%CE%B1%20b')
  })

  test('is of the job that was asked for, also where it does not say so; never of another one', async () => {
    const answered = async (run: unknown, call: (client: JobsClient) => Promise<unknown>) => {
      await using server = await startFaultServer(json(200, run))
      return await call(clientOf(server))
    }
    const { job_id, ...silent } = runBody
    const trigger = (client: JobsClient) => client.createJobRun({ job_id })
    const latest = (client: JobsClient) => client.getLatestRun(job_id.toUpperCase())
    for (const call of [trigger, latest]) {
      expect(await answered(silent, call)).toMatchObject({
        uuid: id,
        job_id: expect.stringMatching(/^d4e5/i),
      })
      expect(await answered(runBody, call)).toMatchObject({ job_id })
      await expect(answered({ ...runBody, job_id: 'another' }, call)).rejects.toMatchObject({
        kind: 'ambiguous',
        code: 'unexpected_response',
      })
    }
    expect(await answered(list(silent), (client) => client.listJobRuns({ job_id }))).toMatchObject({
      items: [{ uuid: id, job_id: '' }],
    })
  })

  test('is about what was asked for', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      json(200, request.url.includes('job-runs') ? runBody : jobBody)(response, request, nth),
    )
    const client = clientOf(server)
    expect(await client.getJobRun(id.toUpperCase())).toMatchObject({ uuid: id })
    for (const work of [client.getJobRun('other'), client.getJob('other'), client.updateJob('other', {})])
      await expect(work).rejects.toThrow(/expected other, as asked for, found/)
  })

  test.each<[string, Script]>([
    ['nothing, 200', text(200, '')],
    ['nothing, 201', text(201, '')],
    ['nothing, 202', text(202, '')],
    ['a page', text(200, '<html>', { 'content-type': 'text/html' })],
    ['nonsense that says it is JSON', text(200, '{"mess', { 'content-type': 'application/json' })],
    ['a list', json(200, [1])],
    ['a number', json(202, 3)],
  ])('to a cancel may be %s', async (_what, script) => {
    await using server = await startFaultServer(script)
    expect(await clientOf(server).cancelJobRun(id)).toEqual({ message: '', cancelled_count: 0 })
  })

  test('to a cancel may be empty', async () => {
    await using server = await startFaultServer((response) => void response.writeHead(204).end())
    expect(await clientOf(server).cancelJobRun(id)).toEqual({ message: '', cancelled_count: 0 })
    expect(await clientOf(server).deleteJob(jobId)).toEqual({ message: '' })
    expect(await clientOf(server).getLatestRun(jobId)).toBeUndefined()
  })

  test.each([404, 405])('to a question about capabilities may be %i', async (status) => {
    await using server = await startFaultServer(json(status, {}))
    expect(await clientOf(server).getCapabilities()).toBeUndefined()
  })

  test.each([404, 405])('to the question whose token it is may be %i', async (status) => {
    await using server = await startFaultServer(json(status, {}))
    expect(await clientOf(server).whoami()).toBeUndefined()
  })

  test.each([{}, { workspace: 'w' }, { workspace: '', email: 'a@b' }, { workspace: 1, email: 'a@b' }])(
    'to the question whose token it is names both: %j',
    async (body) => {
      await using server = await startFaultServer(json(200, body))
      await expect(clientOf(server).whoami()).rejects.toMatchObject({ code: 'unexpected_response' })
    },
  )

  test('offers nothing that it does not mention', async () => {
    await using server = await startFaultServer(
      json(200, { idempotency_keys: false, change_feed: 'yes', outputs: true }),
    )
    expect(await clientOf(server).getCapabilities()).toMatchObject({
      change_feed: false,
      idempotency_keys: false,
      outputs: true,
      long_poll_seconds: 0,
    })
  })

  test('without a graph is undefined', async () => {
    await using server = await startFaultServer(json(404, { code: 'unknown_metagraph' }))
    expect(await clientOf(server).getMetagraph('PDU')).toBeUndefined()
  })
})

describe('A token', () => {
  test('is asked for anew for each request', async () => {
    await using server = await startFaultServer(json(200, runBody))
    let count = 0
    const client = new JobsClient({ baseUrl: server.baseUrl, token: async () => `t${++count}` })
    await client.getJobRun(id)
    await client.getJobRun(id)
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2'])
  })

  test('that was rotated meanwhile is asked for once more after a 401', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      json(request.headers.authorization === 'Bearer new' ? 201 : 401, runBody)(response, request, nth),
    )
    const tokens = ['old', 'new']
    const client = new JobsClient({ baseUrl: server.baseUrl, token: () => tokens.shift() ?? 'new' })
    expect(await client.createJobRun({ job_id: jobId })).toMatchObject({ uuid: id })
    expect(server.requests).toHaveLength(2)
  })

  test('that is still the same after a 401 is not sent again', async () => {
    await using server = await startFaultServer(json(401, {}))
    await expect(
      new JobsClient({ baseUrl: server.baseUrl, token: () => 'same' }).getJob(jobId),
    ).rejects.toMatchObject({ kind: 'rejected', status: 401 })
    expect(server.requests).toHaveLength(1)
  })

  test('that cannot be had fails the request before it is sent', async () => {
    await using server = await startFaultServer(json(200, runBody))
    const failing = new JobsClient({
      baseUrl: server.baseUrl,
      token: () => Promise.reject(new Error('vault sealed')),
    })
    await expect(failing.getJob(jobId)).rejects.toThrow('the token could not be had (vault sealed)')
    const hanging = new JobsClient({
      baseUrl: server.baseUrl,
      timeoutMs: 50,
      token: () => new Promise<string>(() => undefined),
    })
    await expect(hanging.getJob(jobId)).rejects.toMatchObject({ kind: 'not_sent', code: 'token_unavailable' })
    expect(server.requests).toHaveLength(0)
  })
})

describe('A long poll', () => {
  test('gets its own seconds on top of the timeout', async () => {
    let release = () => {}
    await using server = await startFaultServer(async (response, request, nth) => {
      await new Promise<void>((resolve) => {
        release = resolve
        setTimeout(resolve, 400)
      })
      await json(200, runBody)(response, request, nth)
    })
    const client = new JobsClient({ baseUrl: server.baseUrl, token: 't', timeoutMs: 100 })
    expect(await client.getJobRun(id, { waitSeconds: 30 })).toMatchObject({ uuid: id })
    await expect(client.getJobRun(id)).rejects.toSatisfy(
      (error) => error instanceof JobsApiError && error.code === 'timeout',
    )
    release()
  })
})
