import { describe, expect, expectTypeOf, test } from 'vitest'
import { JobsApiError, JobsClient, type WireJobRun, WorkerReportsClient } from '../../src/client/index.ts'
import { routes } from '../../src/contract/index.ts'
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
    ['getJob', json(200, jobBody), (c) => c.getJob(id), `/jobs/${id}`, ''],
    ['getLatestRun', json(200, runBody), (c) => c.getLatestRun(id), `/jobs/${id}/latest-run`, ''],
    [
      'updateJob',
      json(200, jobBody),
      (c) => c.updateJob(id, { config: { a: null } }),
      `/jobs/${id}`,
      '{"config":{"a":null}}',
    ],
    ['deleteJob', json(200, { message: 'm' }), (c) => c.deleteJob(id), `/jobs/${id}`, ''],
    [
      'createJobRun',
      json(201, runBody),
      (c) => c.createJobRun({ job_id: id }, { idempotencyKey: 'k' }),
      '/job-runs',
      `{"job_id":"${id}"}`,
    ],
    [
      'listJobRuns',
      json(200, list(runBody)),
      (c) => c.listJobRuns({ job_id: id, statuses: ['failed'] }),
      `/job-runs?job_id=${id}&statuses=failed`,
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
    expect(offered).toEqual(expect.arrayContaining(Object.keys(routes)))
  })

  test('with keys and conditions sends the headers', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      json(200, request.url.includes('metagraphs') ? graph : runBody, { etag: '"2"' })(
        response,
        request,
        nth,
      ),
    )
    const client = new JobsClient({
      baseUrl: `${server.baseUrl}/`,
      token: 't0ken',
      headers: { 'Jobwright-Job-Run': id },
    })
    await client.createJobRun({ job_id: id }, { idempotencyKey: 'key-1' })
    await client.putMetagraph(graph, { ifMatch: '"1"' })
    await client.putMetagraph(graph, { ifMatch: null })
    expect((await client.updateJob(id, {}, { ifMatch: '"1"' })).etag).toBe('"2"')
    await client.deleteJob(id, { ifMatch: '"1"' })
    expect((await client.getJob(id)).etag).toBe('"2"')
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
    expect((await clientOf(server).createJobRun({ job_id: id })).uuid).toBe(id)
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

  test('with one run in a list that has no id is refused, with its place', async () => {
    await using server = await startFaultServer(json(200, list(runBody, { ...runBody, uuid: 12 })))
    await expect(clientOf(server).listJobRuns()).rejects.toThrow(
      'at /items/1/uuid: expected an id, as a string, found a number',
    )
  })

  test('to a cancel may be empty', async () => {
    await using server = await startFaultServer((response) => void response.writeHead(204).end())
    expect(await clientOf(server).cancelJobRun(id)).toEqual({ message: '', cancelled_count: 0 })
    expect(await clientOf(server).deleteJob(id)).toEqual({ message: '' })
    expect(await clientOf(server).getLatestRun(id)).toBeUndefined()
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
    expect(await client.createJobRun({ job_id: id })).toMatchObject({ uuid: id })
    expect(server.requests).toHaveLength(2)
  })

  test('that is still the same after a 401 is not sent again', async () => {
    await using server = await startFaultServer(json(401, {}))
    await expect(
      new JobsClient({ baseUrl: server.baseUrl, token: () => 'same' }).getJob(id),
    ).rejects.toMatchObject({ kind: 'rejected', status: 401 })
    expect(server.requests).toHaveLength(1)
  })

  test('that cannot be had fails the request before it is sent', async () => {
    await using server = await startFaultServer(json(200, runBody))
    const failing = new JobsClient({
      baseUrl: server.baseUrl,
      token: () => Promise.reject(new Error('vault sealed')),
    })
    await expect(failing.getJob(id)).rejects.toThrow('the token could not be had (vault sealed)')
    const hanging = new JobsClient({
      baseUrl: server.baseUrl,
      timeoutMs: 50,
      token: () => new Promise<string>(() => undefined),
    })
    await expect(hanging.getJob(id)).rejects.toMatchObject({ kind: 'not_sent', code: 'token_unavailable' })
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
