import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { JobsApiError, JobsClient } from '../../src/client/index.ts'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { until } from '../helpers/until.ts'
import { json, runBody, type Script, startFaultServer, text } from './fault-server.ts'

const token = 'canary-token-4711'
const jobId = runBody.job_id

async function failureOf(work: Promise<unknown>): Promise<JobsApiError> {
  const error = await work.then(
    (value) => new Error(`succeeded with ${inspect(value)}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof JobsApiError)) throw error
  return error
}

/** What a POST makes of each answer. The kinds are those of "Classifying a failed POST" in the trigger protocol. */
const answers: [string, Script, { kind: string; code: string; status?: number; retryAfterMs?: number }][] = [
  ['a 400', json(400, {}), { kind: 'rejected', code: 'http_400', status: 400 }],
  ['a 401', json(401, { code: 'unauthorized' }), { kind: 'rejected', code: 'unauthorized', status: 401 }],
  ['a 403', text(403, 'no'), { kind: 'rejected', code: 'http_403', status: 403 }],
  [
    'a 404',
    json(404, { code: 'unknown_job', detail: 'no such job' }),
    { kind: 'rejected', code: 'unknown_job', status: 404 },
  ],
  ['a 413', text(413, ''), { kind: 'rejected', code: 'http_413', status: 413 }],
  [
    'a 422',
    json(422, { detail: [{ loc: ['body', 'x'], msg: 'no' }] }),
    { kind: 'rejected', code: 'http_422', status: 422 },
  ],
  ['a 408', text(408, ''), { kind: 'ambiguous', code: 'http_408', status: 408 }],
  ['a 409', json(409, { code: 'key_barred' }), { kind: 'ambiguous', code: 'key_barred', status: 409 }],
  ['a 425', text(425, ''), { kind: 'ambiguous', code: 'http_425', status: 425 }],
  [
    'a 429 with seconds',
    text(429, '', { 'retry-after': '7' }),
    { kind: 'ambiguous', code: 'http_429', status: 429, retryAfterMs: 7000 },
  ],
  [
    'a 429 with garbage',
    text(429, '', { 'retry-after': 'soon' }),
    { kind: 'ambiguous', code: 'http_429', status: 429 },
  ],
  ['a 500', text(500, 'oops'), { kind: 'ambiguous', code: 'http_500', status: 500 }],
  ['a 502 page', text(502, '<html>bad gateway</html>'), { kind: 'ambiguous', code: 'http_502', status: 502 }],
  [
    'a 503',
    text(503, '', { 'retry-after': '1' }),
    { kind: 'ambiguous', code: 'http_503', status: 503, retryAfterMs: 1000 },
  ],
  [
    'a redirect',
    text(307, '', { location: 'http://127.0.0.1:1/elsewhere' }),
    { kind: 'ambiguous', code: 'redirect', status: 307 },
  ],
  [
    'HTML with 200',
    text(200, '<html>hello</html>', { 'content-type': 'text/html' }),
    { kind: 'ambiguous', code: 'unexpected_response', status: 200 },
  ],
  [
    'truncated JSON',
    text(201, JSON.stringify(runBody).slice(0, 80)),
    { kind: 'ambiguous', code: 'unexpected_response', status: 201 },
  ],
  ['an empty 201', text(201, ''), { kind: 'ambiguous', code: 'unexpected_response', status: 201 }],
  [
    'a 204',
    (response) => void response.writeHead(204).end(),
    { kind: 'ambiguous', code: 'unexpected_response', status: 204 },
  ],
  ['null', json(201, null), { kind: 'ambiguous', code: 'unexpected_response', status: 201 }],
  [
    'a run without id',
    json(201, { ...runBody, uuid: undefined }),
    { kind: 'ambiguous', code: 'unexpected_response', status: 201 },
  ],
  [
    'a run whose id is a number',
    text(201, JSON.stringify({ ...runBody, uuid: 0 }).replace('"uuid":0', '"uuid":9007199254740993')),
    { kind: 'ambiguous', code: 'unexpected_response', status: 201 },
  ],
  [
    'invalid UTF-8',
    (response) => void response.writeHead(201).end(Buffer.from([0x22, 0xff, 0x22])),
    { kind: 'ambiguous', code: 'unexpected_response', status: 201 },
  ],
  [
    'a reset',
    (response) => void response.socket?.resetAndDestroy(),
    { kind: 'ambiguous', code: 'connection_lost' },
  ],
  [
    'a closed connection',
    (response) => void response.socket?.destroy(),
    { kind: 'ambiguous', code: 'connection_lost' },
  ],
  [
    'a body cut short',
    (response) =>
      void response.writeHead(201, { 'content-length': '500' }).write('{"uuid"', () => response.destroy()),
    { kind: 'ambiguous', code: 'connection_lost' },
  ],
  ['no answer in time', () => undefined, { kind: 'ambiguous', code: 'timeout' }],
  [
    'a body that never ends',
    (response) => void response.writeHead(201).write('{'),
    { kind: 'ambiguous', code: 'timeout' },
  ],
]

describe('A POST', () => {
  test.each(answers)('answered with %s is classified', async (_, script, expected) => {
    await using server = await startFaultServer(script)
    const client = new JobsClient({
      baseUrl: server.baseUrl,
      token,
      // Long enough for the request to arrive.
      timeoutMs: expected.code === 'timeout' ? 3_000 : 10_000,
    })
    const error = await failureOf(client.createJobRun({ job_id: jobId }))
    expect({
      kind: error.kind,
      code: error.code,
      status: error.status,
      retryAfterMs: error.retryAfterMs,
    }).toEqual({ status: undefined, retryAfterMs: undefined, ...expected })
    expect(server.requests).toHaveLength(1)
  })

  test('to a closed port was not sent', async () => {
    const port = await findFreePort()
    const error = await failureOf(
      new JobsClient({ baseUrl: `http://127.0.0.1:${port}/api/v1`, token }).createJobRun({ job_id: jobId }),
    )
    expect(error).toMatchObject({ kind: 'not_sent', code: 'connection_refused' })
    expect(error.message).toContain('ECONNREFUSED')
  })

  test('to a closed port of a name with several addresses was not sent', async () => {
    const port = await findFreePort()
    const error = await failureOf(
      new JobsClient({ baseUrl: `http://localhost:${port}/api/v1`, token }).createJobRun({ job_id: jobId }),
    )
    expect(error).toMatchObject({ kind: 'not_sent', code: 'connection_refused' })
  })

  test('to a name that does not resolve was not sent', async () => {
    const error = await failureOf(
      new JobsClient({ baseUrl: 'http://no-such-host.invalid/api/v1', token }).createJobRun({
        job_id: jobId,
      }),
    )
    expect(error).toMatchObject({ kind: 'not_sent', code: 'dns_failed' })
  })

  test('to a server that does not speak TLS was not sent', async () => {
    await using server = await startFaultServer(json(201, runBody))
    const error = await failureOf(
      new JobsClient({ baseUrl: server.baseUrl.replace('http:', 'https:'), token }).createJobRun({
        job_id: jobId,
      }),
    )
    expect(error).toMatchObject({ kind: 'not_sent', code: 'tls_failed' })
    expect(server.requests).toHaveLength(0)
  })

  test('to a peer that hangs up during the TLS handshake was not sent', async () => {
    const peer = createServer((socket) => void socket.once('data', () => socket.destroy())).listen(
      0,
      '127.0.0.1',
    )
    await once(peer, 'listening')
    try {
      const baseUrl = `https://127.0.0.1:${(peer.address() as AddressInfo).port}/api/v1`
      expect(
        await failureOf(new JobsClient({ baseUrl, token }).createJobRun({ job_id: jobId })),
      ).toMatchObject({ kind: 'not_sent', code: 'tls_failed' })
    } finally {
      peer.close()
    }
  })

  test('aborted while under way is ambiguous, aborted before it is not sent', async () => {
    const controller = new AbortController()
    await using server = await startFaultServer(() => controller.abort())
    const client = new JobsClient({ baseUrl: server.baseUrl, token })
    const call = () => failureOf(client.createJobRun({ job_id: jobId }, { signal: controller.signal }))
    expect(await call()).toMatchObject({ kind: 'ambiguous', code: 'aborted' })
    expect(await call()).toMatchObject({ kind: 'not_sent', code: 'aborted' })
    expect(server.requests).toHaveLength(1)
  })

  test('is never sent twice, and a redirect not followed, so that no run is doubled', async () => {
    await using target = await startFaultServer(json(201, runBody))
    for (const status of [301, 302, 303, 307, 308]) {
      await using server = await startFaultServer(
        text(status, '', { location: `${target.baseUrl}/job-runs?x=${token}` }),
      )
      const error = await failureOf(
        new JobsClient({ baseUrl: server.baseUrl, token }).createJobRun({ job_id: jobId }),
      )
      expect(error.message).toContain(`a redirect to ${target.baseUrl}/job-runs,`)
      expect(server.requests).toHaveLength(1)
    }
    expect(target.requests).toHaveLength(0)
  })
})

describe('A request with an instant to be sent before', () => {
  test('is not sent after it, also when the token came late, and when a 401 took long', async () => {
    let sendBefore = performance.now()
    const passed = () => until('the instant has passed', () => performance.now() > sendBefore)
    await using server = await startFaultServer(async (response, request, nth) => {
      await passed()
      await json(401, {})(response, request, nth)
    })
    const call = (given: () => string | Promise<string>) =>
      failureOf(
        new JobsClient({ baseUrl: server.baseUrl, token: given }).createJobRun(
          { job_id: jobId },
          { sendBefore },
        ),
      )
    const late = { kind: 'not_sent', code: 'too_late' }
    expect(await call(() => token)).toMatchObject(late)
    sendBefore = performance.now() + 50
    expect(await call(() => passed().then(() => token))).toMatchObject(late)
    expect(server.requests).toHaveLength(0)
    sendBefore = performance.now() + 1_000
    const tokens = ['old', 'new']
    expect(await call(() => tokens.shift() ?? '')).toMatchObject(late)
    expect(server.requests).toHaveLength(1)
  })

  test('is sent before it', async () => {
    await using server = await startFaultServer(json(201, runBody))
    const client = new JobsClient({ baseUrl: server.baseUrl, token })
    const sendBefore = performance.now() + 60_000
    expect(await client.createJobRun({ job_id: jobId }, { sendBefore })).toMatchObject({ uuid: runBody.uuid })
  })
})

describe('A redirect of a GET', () => {
  const to = (status: number, location: string): Script => text(status, 'moved', { location })

  test.each([301, 302, 303, 307, 308])(
    'with %i is followed on the same origin, token and all',
    async (status) => {
      await using server = await startFaultServer((response, request, nth) =>
        (request.url.endsWith('/?a=1') ? json(200, runBody) : to(status, `${request.url}/?a=1`))(
          response,
          request,
          nth,
        ),
      )
      const client = new JobsClient({ baseUrl: server.baseUrl, token })
      expect(await client.getJobRun(runBody.uuid)).toMatchObject({ uuid: runBody.uuid })
      expect(server.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([
        ['GET', `Bearer ${token}`],
        ['GET', `Bearer ${token}`],
      ])
    },
  )

  test('is not followed elsewhere, nor with credentials, nor without end', async () => {
    await using other = await startFaultServer(json(200, runBody))
    for (const location of [
      other.baseUrl,
      other.baseUrl.replace('127.0.0.1', 'localhost'),
      'https://127.0.0.1/x',
      '//elsewhere.invalid/x',
      'ftp://127.0.0.1/x',
      'http://[',
      '',
    ]) {
      await using server = await startFaultServer(to(302, location))
      const error = await failureOf(new JobsClient({ baseUrl: server.baseUrl, token }).getJobRun(jobId))
      expect(error).toMatchObject({ kind: 'ambiguous', code: 'redirect', status: 302 })
      if (location !== '') expect(server.requests).toHaveLength(1)
    }
    expect(other.requests).toHaveLength(0)
    await using circle = await startFaultServer((response, request, nth) =>
      to(302, request.url.replace('//', `//u:p@`))(response, request, nth),
    )
    await failureOf(new JobsClient({ baseUrl: circle.baseUrl, token }).getJobRun(jobId))
    expect(circle.requests).toHaveLength(6)
    await using named = await startFaultServer((response, request, nth) =>
      to(302, `http://u:p@${request.headers.host}/x`)(response, request, nth),
    )
    const error = await failureOf(new JobsClient({ baseUrl: named.baseUrl, token }).getJobRun(jobId))
    expect(error.message).not.toContain('u:p@')
    expect(named.requests).toHaveLength(1)
  })

  test('is not followed for a PATCH, a DELETE or a cancel', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      to(307, `${request.url}/`)(response, request, nth),
    )
    const client = new JobsClient({ baseUrl: server.baseUrl, token })
    for (const work of [
      () => client.updateJob(jobId, {}),
      () => client.deleteJob(jobId),
      () => client.cancelJobRun(jobId),
    ])
      expect(await failureOf(work())).toMatchObject({ kind: 'ambiguous', code: 'redirect' })
    expect(server.requests).toHaveLength(3)
  })
})

describe('A compressed answer', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('in %s is read', async (encoding, compress) => {
    await using server = await startFaultServer((response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(compress(JSON.stringify(runBody)))
    })
    const client = new JobsClient({ baseUrl: server.baseUrl, token })
    expect(await client.getJobRun(runBody.uuid)).toMatchObject({ uuid: runBody.uuid })
  })

  test.each(['gzip', 'br', 'deflate'])(
    'that is none, whatever it says (%s), proves nothing',
    async (encoding) => {
      await using server = await startFaultServer(json(201, runBody, { 'content-encoding': encoding }))
      expect(
        await failureOf(new JobsClient({ baseUrl: server.baseUrl, token }).createJobRun({ job_id: jobId })),
      ).toMatchObject({ kind: 'ambiguous', code: 'malformed_response' })
    },
  )

  test('is as long as what it holds', async () => {
    await using server = await startFaultServer((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(' '.repeat(1_000_000)))
    })
    const client = new JobsClient({ baseUrl: server.baseUrl, token, maxResponseBytes: 10_000 })
    expect(await failureOf(client.getJobRun(jobId))).toMatchObject({ code: 'response_too_large' })
  })
})

/** What servers put into an answer that is not 2xx, and what is read in it. */
const refusals: [unknown, { code: string; says: string; errors?: unknown }][] = [
  [{ detail: 'Job not found' }, { code: 'http_422', says: 'Job not found' }],
  [
    { detail: 'x', code: 'job_gone' },
    { code: 'job_gone', says: 'x' },
  ],
  [
    { detail: { code: 'quota', message: 'No more runs today' } },
    { code: 'quota', says: 'No more runs today' },
  ],
  [{ detail: { error_code: 'e/1', msg: 'm' } }, { code: 'http_422', says: 'm' }],
  [{ detail: { limit: 3 } }, { code: 'http_422', says: '{"limit":3}' }],
  [{ error: { code: 'E42', message: 'broken' } }, { code: 'E42', says: 'broken' }],
  [
    { error: 'bad', message: ['a is wrong', 'b is missing'] },
    { code: 'http_422', says: 'a is wrong; b is missing' },
  ],
  [
    { detail: [{ loc: ['body', 'config', 0], msg: 'Field required', type: 'missing' }] },
    {
      code: 'missing',
      says: '/body/config/0: Field required',
      errors: [{ pointer: '/body/config/0', detail: 'Field required' }],
    },
  ],
  [
    {
      detail: [
        { loc: ['body', 'a'], msg: 'no', type: 'missing' },
        { loc: ['query', 'b'], msg: 'not so', type: 'uuid_parsing' },
      ],
    },
    { code: 'http_422', says: '/body/a: no; /query/b: not so' },
  ],
  [{ detail: [] }, { code: 'http_422', says: 'answered 422' }],
  [{ detail: 7 }, { code: 'http_422', says: 'answered 422' }],
  ['just text', { code: 'http_422', says: 'just text' }],
  [null, { code: 'http_422', says: 'null' }],
]

test.each(refusals)('A refusal in other words is understood: %j', async (body, { code, says, errors }) => {
  await using server = await startFaultServer(json(422, body))
  const error = await failureOf(new JobsClient({ baseUrl: server.baseUrl, token }).getJob(jobId))
  expect(error).toMatchObject({ kind: 'rejected', status: 422, code })
  expect(error.message).toContain(says)
  if (errors !== undefined) expect(error.problem?.errors).toEqual(errors)
})

test('Secrets among the headers of a client are in no error, other headers may be', async () => {
  await using server = await startFaultServer((response, { headers }, nth) =>
    json(400, { detail: headers })(response, { headers } as never, nth),
  )
  const headers = { 'X-Api-Key': 'canary-key-1', Cookie: 'sid=canary-2', 'X-Tenant': 'north' }
  const error = await failureOf(new JobsClient({ baseUrl: server.baseUrl, token, headers }).getJob(jobId))
  expect(inspect(error, { depth: 9 })).not.toMatch(/canary/)
  expect(error.problem?.detail).toContain('north')
})

test('A request to a port that fetch refuses was not sent', async () => {
  const client = new JobsClient({ baseUrl: 'http://127.0.0.1:6000/api/v1', token })
  expect(await failureOf(client.listJobs())).toMatchObject({ kind: 'not_sent', code: 'bad_port' })
})

describe('A failure', () => {
  test('says what the server said, without control characters', async () => {
    const body = {
      type: 'about:blank',
      title: 'Invalid',
      status: 422,
      code: 'invalid_config',
      detail: 'not \u001b[31mvalid\r\n',
      errors: [{ pointer: '/config/x', detail: 'required' }],
    }
    await using server = await startFaultServer(
      json(422, body, { 'content-type': 'application/problem+json' }),
    )
    const error = await failureOf(
      new JobsClient({ baseUrl: server.baseUrl, token }).createJob({ job_type: 'sleep' }),
    )
    expect(error.message).toBe(
      `POST ${server.baseUrl}/jobs: answered 422 invalid_config: not [31mvalid ; /config/x: required`,
    )
    expect(error.problem).toMatchObject({
      code: 'invalid_config',
      errors: [{ pointer: '/config/x', detail: 'required' }],
    })
  })

  test.each([
    ['a problem', json(400, { detail: `bad token ${token}`, errors: [{ pointer: token, detail: token }] })],
    ['a page', text(200, `<html>${'x'.repeat(100)}${token} is yours</html>`)],
    ['a refusal', text(500, `${'y'.repeat(150)}${token}`)],
    ['a header', text(200, '<html>', { 'content-type': `text/${token}` })],
    ['a shape', json(200, { items: 1, [token]: 2 })],
    ['a redirect', text(302, '', { location: `/${token}` })],
  ])('never names the token, not even when the server echoes it in %s', async (_, script) => {
    await using server = await startFaultServer(script)
    for (const given of [token, () => token]) {
      const error = await failureOf(
        new JobsClient({ baseUrl: server.baseUrl, token: given }).listJobs({ job_types: [token] }),
      )
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('canary-token')
      expect(JSON.stringify(error)).not.toContain('canary-token')
    }
  })

  test('of the connection does not carry the request, and with it the token', async () => {
    await using server = await startFaultServer((response) => void response.socket?.resetAndDestroy())
    const error = await failureOf(
      new JobsClient({ baseUrl: server.baseUrl, token }).createJobRun({ job_id: jobId }),
    )
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('canary-token')
  })

  test('of a header or a token that cannot be sent does not repeat it', async () => {
    const client = new JobsClient({ baseUrl: 'http://127.0.0.1:1/api/v1', token: 'canary-token\nx' })
    const error = await failureOf(client.listJobs())
    expect(error).toMatchObject({ kind: 'not_sent', code: 'bad_token' })
    expect(error.message).not.toContain('canary')
    const other = new JobsClient({ baseUrl: 'http://127.0.0.1:1/api/v1', token })
    expect(await failureOf(other.createJobRun({ job_id: jobId }, { idempotencyKey: 'a\nb' }))).toMatchObject({
      kind: 'not_sent',
      code: 'bad_request',
    })
    const config = { n: [Number.NaN] }
    expect(await failureOf(other.createJob({ job_type: 'x', config }))).toMatchObject({
      kind: 'not_sent',
      code: 'bad_request',
      message: expect.stringContaining('NaN'),
    })
  })

  test('shows an address without its query', async () => {
    await using server = await startFaultServer(json(400, {}))
    const error = await failureOf(
      new JobsClient({ baseUrl: server.baseUrl, token }).listJobs({
        created_by_users: ['secret@example.com'],
      }),
    )
    expect(error.url).toBe(`${server.baseUrl}/jobs`)
    expect(error.message).not.toContain('secret@')
  })

  test('of an answer without end is bounded in memory', async () => {
    await using server = await startFaultServer((response) => {
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(65_536), more)
      }
      response.writeHead(200)
      more()
    })
    const client = new JobsClient({ baseUrl: server.baseUrl, token, maxResponseBytes: 1024 * 1024 })
    expect(await failureOf(client.listJobs())).toMatchObject({
      kind: 'ambiguous',
      code: 'response_too_large',
    })
  })
})

describe('A base URL', () => {
  test.each(['nonsense', 'ftp://host/api', 'http://user:canary@host/api'])(
    'that cannot be used is refused without repeating it: %s',
    (baseUrl) => {
      expect(() => new JobsClient({ baseUrl, token })).toThrow(/^baseUrl: (?!.*canary)/)
    },
  )
})
