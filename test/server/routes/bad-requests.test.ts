import { once } from 'node:events'
import { connect } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits, problemSchema, type RouteDescriptor, routes } from '../../../src/contract/index.ts'
import { type Answer, type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi({ listen: { patience: { headersMs: 300, requestMs: 600, idleSocketMs: 100_000 } } })
  me = await api.person()
})
afterAll(() => api.close())

/** Every problem has the form of RFC 9457, a code, and the place when it is a 422. */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
  const problem = problemSchema.strict().parse(answer.json)
  expect({ status: answer.status, code: problem.code }).toEqual({ status, code })
  expect(problem.status).toBe(status)
  if (status === 422 && code !== 'body_too_deep') expect(problem.errors?.length).toBeGreaterThan(0)
}

const json = { 'Content-Type': 'application/json' }

describe('a body', () => {
  it.each([
    ['{"job_type": "plain",}', 21],
    ['{"job_type"', 11],
    ['', undefined],
    ['nonsense', 0],
    ['{"job_type": "pl\u0001ain"}', 16],
  ])('that is no JSON is refused with its offset: %j', async (body, offset) => {
    const answer = await me.send('POST', '/jobs', { body, headers: json })
    if (offset === undefined) expectProblem(answer, 422, 'validation_failed')
    else {
      expectProblem(answer, 400, 'malformed_json')
      expect(answer.json.detail).toContain(`at offset ${offset}`)
    }
  })

  it('that is no UTF-8 is refused with its byte offset', async () => {
    const body = new Uint8Array([0x7b, 0x22, 0x61, 0xff, 0x22])
    const answer = await me.send('POST', '/jobs', { body, headers: json })
    expectProblem(answer, 400, 'malformed_json')
    expect(answer.json.detail).toContain('byte offset 3')
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonx',
  ])('as %s is refused', async (type) => {
    expectProblem(
      await me.send('POST', '/jobs', { body: '{"job_type":"plain"}', headers: { 'Content-Type': type } }),
      415,
      'unsupported_media_type',
    )
  })

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON;charset="UTF-8"',
    'application/merge-patch+json',
  ])('as %s is taken', async (type) => {
    expect(
      (await me.send('POST', '/jobs', { body: '{"job_type":"plain"}', headers: { 'Content-Type': type } }))
        .status,
    ).toBe(201)
  })

  it('that is compressed is refused', async () => {
    expectProblem(
      await me.send('POST', '/jobs', { body: '{}', headers: { ...json, 'Content-Encoding': 'gzip' } }),
      415,
      'unsupported_encoding',
    )
  })

  it('over 1 MiB is refused, whether it says so or not', async () => {
    const body = JSON.stringify({
      job_type: 'plain',
      config: { job_type: 'plain', text: 'x'.repeat(limits.bodyBytes) },
    })
    expectProblem(await me.send('POST', '/jobs', { body, headers: json }), 413, 'body_too_large')
    const chunk = new TextEncoder().encode('x'.repeat(64 * 1024))
    let sent = 0
    const unsized = new ReadableStream({
      pull(controller) {
        sent += chunk.byteLength
        if (sent > 4 * limits.bodyBytes) controller.close()
        else controller.enqueue(chunk)
      },
    })
    // The server answers while the client still sends; what a client makes of that differs, the server lives on.
    const answer = await me
      .send('POST', '/jobs', { body: unsized, headers: json })
      .catch((error: Error) => error)
    if (!(answer instanceof Error)) expectProblem(answer, 413, 'body_too_large')
    expect((await me.get('/jobs?limit=1')).status).toBe(200)
  })

  it('just under 1 MiB is taken', async () => {
    const text = 'x'.repeat(limits.bodyBytes - 100)
    expect((await me.post('/jobs', { job_type: 'plain', config: { job_type: 'plain', text } })).status).toBe(
      201,
    )
  })

  it('that nests over 64 deep is refused, and 64 is not over', async () => {
    const nested = (depth: number) =>
      `{"job_type":"plain","config":{"job_type":"plain","deep":${'['.repeat(depth)}${']'.repeat(depth)}}}`
    expect((await me.send('POST', '/jobs', { body: nested(62), headers: json })).status).toBe(201)
    expectProblem(await me.send('POST', '/jobs', { body: nested(63), headers: json }), 422, 'body_too_deep')
    expectProblem(
      await me.send('POST', '/jobs', { body: nested(200_000), headers: json }),
      422,
      'body_too_deep',
    )
  })

  it('may hold no NUL, half character or key that reaches a prototype', async () => {
    const body =
      '{"job_type":"plain","config":{"job_type":"plain","a":"x\\u0000","b":["\\ud83d"],"c":{"__proto__":{"x":1}},"constructor":{"prototype":{}}}}'
    const answer = await me.send('POST', '/jobs', { body, headers: json })
    expectProblem(answer, 422, 'validation_failed')
    expect(answer.json.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      '/config/a',
      '/config/b/0',
      '/config/c/__proto__',
      '/config/constructor',
    ])
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  it('is judged as a whole: all problems at once, the unknown fields among them', async () => {
    const answer = await me.send('PATCH', '/jobs/not-a-uuid?x=1', { body: { config: 1, name: 'x' } })
    expectProblem(answer, 422, 'validation_failed')
    expect(answer.json.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      '/config',
      '/name',
      '?x',
      '{job_id}',
    ])
  })

  it.each(['null', '[]', '"x"', '1'])('that is %s is refused', async (body) => {
    expectProblem(await me.send('POST', '/jobs', { body, headers: json }), 422, 'validation_failed')
  })
})

describe('a path or a query', () => {
  it.each(['/jobs/x', '/jobs/x/latest-run', '/job-runs/123', '/job-runs/x/logs', `/jobs/${'0'.repeat(36)}`])(
    'with a malformed id is refused: %s',
    async (target) => {
      const answer = await me.get(target)
      expectProblem(answer, 422, 'validation_failed')
      expect(answer.json.errors[0].pointer).toMatch(/^\{job_(run_)?id\}$/)
      expect(answer.json.errors[0].detail).toBe('expected a UUID')
    },
  )

  it('with an unknown status is refused with the known ones', async () => {
    const answer = await me.get('/job-runs?statuses=done&statuses=failed')
    expectProblem(answer, 422, 'validation_failed')
    expect(answer.json.errors[0].pointer).toBe('?statuses')
    for (const status of ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'])
      expect(answer.json.errors[0].detail).toContain(status)
  })

  it('with bad times is refused with the forms that are taken', async () => {
    const answer = await me.get('/jobs?created_after=yesterday&created_before=2026-04-13T10:10:00+02:00')
    expectProblem(answer, 422, 'validation_failed')
    expect(answer.json.errors).toMatchObject([
      { pointer: '?created_after', detail: expect.stringContaining('2026-04-13T10:10:00.000000') },
      { pointer: '?created_before', detail: expect.stringContaining('%2B') },
    ])
  })

  it.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'limit=1.5',
    'limit=1&limit=2',
    'limit=',
    'limit=0x1',
    'limit=1e0',
    'limit=%201',
    'limit=1%0a',
    'limit=%2B1',
    'limit=-1',
    'limit=1.0',
    'limit=%D9%A1',
    'limit=Infinity',
    'job_types=',
    'created_by_users=',
    'created_after=',
    'created_after=2026-04-13+10:10:00',
    'created_before=%202026-04-13',
    'source_session_ids=%2000000000-0000-4000-8000-000000000000',
    'source_session_ids=',
    'unknown=1',
    'job_types=a%00b',
    'source_session_ids=x',
    '__proto__=1',
  ])('?%s is refused', async (query) => {
    const answer = await me.get(`/jobs?${query}`)
    expectProblem(answer, 422, 'validation_failed')
    expect(answer.json.errors[0].pointer).toBe(`?${query.split('=')[0]}`)
  })

  it('may wait for a fraction of a second, in digits', async () => {
    const run = await me.run()
    for (const target of [`/job-runs/${run.uuid}`, '/job-runs/changes']) {
      for (const wait of ['0', '0.01', '00.010'])
        expect((await me.get(`${target}?wait=${wait}`)).status).toBe(200)
      for (const wait of ['', '.1', '1.', '0x1', '1e0', '%200', '-0', '1,0', 'NaN', '61', '9'.repeat(400)]) {
        const answer = await me.get(`${target}?wait=${wait}`)
        expectProblem(answer, 422, 'validation_failed')
        expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toEqual(['?wait'])
      }
    }
  })

  it.each(['/jobs?limit=1', '/job-runs?limit=1'])(
    'with a cursor that was never given is refused: %s',
    async (target) => {
      const yearZero = Buffer.from(
        JSON.stringify([
          target.slice(1).split('?')[0],
          me.workspace,
          '0000-01-01T00:00:00.000000',
          '00000000-0000-4000-8000-000000000000',
        ]),
      ).toString('base64url')
      for (const cursor of ['x', '', 'eyJhIjoxfQ', "' or 1=1", yearZero]) {
        const answer = await me.get(`${target}&cursor=${encodeURIComponent(cursor)}`)
        expectProblem(answer, 422, 'bad_cursor')
        expect(answer.json.errors[0].pointer).toBe('?cursor')
      }
    },
  )

  it('where nothing is answers 404, and the wrong method 405 with the right ones', async () => {
    expectProblem(await me.get('/nothing'), 404, 'unknown_path')
    expectProblem(await me.send('DELETE', '/jobs/'), 404, 'unknown_path')
    const wrong = await me.send('PUT', '/jobs')
    expectProblem(wrong, 405, 'method_not_allowed')
    expect(wrong.headers.get('Allow')).toBe('POST, GET, HEAD')
  })

  it.each([
    ['OPTIONS', '/jobs/schemas', 'GET, HEAD'],
    ['DELETE', '/jobs/schemas', 'GET, HEAD'],
    ['PATCH', '/jobs/sch%65mas', 'GET, HEAD'],
    ['GET', '/job-runs/cancel-by-key', 'POST'],
    ['POST', '/job-runs/changes', 'GET, HEAD'],
    ['POST', '/jobs/x', 'GET, HEAD, PATCH, DELETE'],
    ['PUT', '/job-runs/x/cancel', 'POST'],
    ['POST', '/documents/c/a/b', 'PUT, GET, HEAD, DELETE'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('takes no %s at %s', async (method, target, allow) => {
    const answer = await me.send(method, target)
    expectProblem(answer, 405, 'method_not_allowed')
    expect(answer.headers.get('Allow')).toBe(allow)
  })

  it('with a fixed name is not taken for an id', async () => {
    expect((await me.get('/jobs/schemas')).status).toBe(200)
    expect((await me.get('/job-runs/changes')).status).toBe(200)
    expect(
      (await me.send('POST', '/job-runs/cancel-by-key', { body: { idempotency_key: 'k' } })).status,
    ).toBe(200)
  })

  it('answers HEAD like GET, without a body', async () => {
    const { status, text } = await me.send('HEAD', '/jobs')
    expect([status, text]).toEqual([200, ''])
  })
})

describe('a token', () => {
  const target = (route: RouteDescriptor) =>
    route.path
      .replaceAll(/\{job_(run_)?id\}/g, '00000000-0000-4000-8000-000000000000')
      .replaceAll(/\{\w+\}/g, 'x')

  it.each(Object.values<RouteDescriptor>(routes).map((route) => [route.operationId, route] as const))(
    'is needed for %s',
    async (_, route) => {
      const method = route.method.toUpperCase()
      for (const authorization of [
        undefined,
        'Bearer unknown',
        'Basic dXNlcjpwYXNz',
        'Bearer',
        `Bearer ${me.token} x`,
      ]) {
        const response = await fetch(`${api.url}/api/v1${target(route)}`, {
          method,
          headers: authorization ? { Authorization: authorization } : {},
        })
        expect(response.status).toBe(401)
        expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="jobwright"/)
        expect((await response.json()) as object).toMatchObject({
          code: authorization === undefined ? 'token_required' : 'bad_token',
        })
      }
    },
  )

  it('is never repeated in an answer', async () => {
    const response = await fetch(`${api.url}/api/v1/jobs`, {
      headers: { Authorization: 'Bearer canary-token' },
    })
    expect(await response.text()).not.toContain('canary')
  })
})

describe('what a worker reports', () => {
  const line = (at: string) => ({ at, level: 'info', message: 'm' })

  it.each([
    ['start', (attempt: number) => ({ attempt, worker: 'w' })],
    ['finish', (attempt: number) => ({ attempt, status: 'completed' })],
    ['retry', (attempt: number) => ({ attempt, error: { code: 'c', message: 'm' } })],
    ['progress', (attempt: number) => ({ attempt })],
    ['logs', (attempt: number) => ({ attempt, lines: [] })],
  ])('to %s counts no attempt that the database cannot', async (route, body) => {
    const { uuid } = await me.run()
    for (const attempt of [2 ** 31, Number.MAX_SAFE_INTEGER, 1e300, 0, -1, 1.5]) {
      const answer = await api.worker.post(`/worker/job-runs/${uuid}/${route}`, body(attempt))
      expectProblem(answer, 422, 'validation_failed')
      expect(answer.json.errors[0].pointer).toBe('/attempt')
    }
    expect((await api.worker.post(`/worker/job-runs/${uuid}/${route}`, body(2 ** 31 - 1))).status).toBe(200)
  })

  it('puts no output of such an attempt', async () => {
    const { uuid } = await me.run()
    const put = (query: string) =>
      api.worker.send('PUT', `/worker/job-runs/${uuid}/outputs/o?${query}`, { body: 'x' })
    for (const attempt of ['2147483648', '9'.repeat(400), '0', '-1', '1.5', '', '0x1', '1e0', '%201']) {
      const answer = await put(`attempt=${attempt}`)
      expectProblem(answer, 422, 'validation_failed')
      expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toEqual(['?attempt'])
    }
    expect((await put('attempt=2147483647')).status).toBe(200)
  })

  it.each(['0000-01-01T00:00:00.000000', '2026-02-30T00:00:00.000000', '2026-04-13T24:00:00.000000'])(
    'was not logged at a time that there is not: %s',
    async (at) => {
      const { uuid } = await me.run()
      const lines = [line('2026-04-13T10:10:00.000000'), line(at)]
      const answer = await api.worker.post(`/worker/job-runs/${uuid}/logs`, { attempt: 1, lines })
      expectProblem(answer, 422, 'validation_failed')
      expect(answer.json.errors[0].pointer).toBe('/lines/1/at')
    },
  )
})

/** What comes back for these bytes. */
async function exchange(request: string): Promise<{ headers: string; body: string }> {
  const { hostname, port } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  socket.write(request)
  const answer = await readAll(socket)
  // Chunked or not.
  return { headers: answer.split('\r\n\r\n')[0] ?? '', body: /\{.*\}/s.exec(answer)?.[0] ?? '' }
}

describe('the server beside the API', () => {
  it('says that it is alive and ready, and gives its OpenAPI document, to anybody', async () => {
    for (const target of ['/healthz', '/readyz']) expect((await fetch(api.url + target)).status).toBe(200)
    const document = (await (await fetch(`${api.url}/api/v1/openapi.json`)).json()) as {
      openapi: string
      info: { version: string }
    }
    expect([document.openapi, document.info.version]).toEqual(['3.1.0', '1.2.3'])
  })

  it.each([
    ['nonsense\r\n\r\n', 400, 'malformed_request'],
    ['GET /healthz HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n', 400, 'malformed_request'],
    ['GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'host_required'],
    ['GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400, 'malformed_request'],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n', 417, 'unknown_expectation'],
    ['TRACE /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405, 'method_not_allowed'],
    ['POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n', 408, 'request_timeout'],
  ])('says as a problem what it cannot read: %j', async (request, status, code) => {
    const { headers, body } = await exchange(request)
    expect(headers).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(headers.toLowerCase()).toContain('content-type: application/problem+json')
    expect(problemSchema.strict().parse(JSON.parse(body))).toMatchObject({ status, code })
  })

  it('answers who speaks HTTP/1.0 and names no host', async () => {
    const { headers, body } = await exchange('GET /healthz HTTP/1.0\r\n\r\n')
    expect(headers.split('\r\n')[0]).toBe('HTTP/1.1 200 OK')
    expect(JSON.parse(body)).toMatchObject({ status: 'alive' })
  })

  it('cuts off who dribbles a request', async () => {
    const { hostname, port } = new URL(api.url)
    const inBody = connect(Number(port), hostname)
    inBody.write(
      `POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${me.token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    )
    await once(inBody.resume(), 'close')
    expect((await me.get('/jobs?limit=1')).status).toBe(200)
  })

  it('met no failure that it did not foresee', () => {
    expect(api.errors).toEqual([])
  })
})
