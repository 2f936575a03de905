import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { JobsApiError, JobsClient } from '../../src/client/index.ts'
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
      timeoutMs: expected.code === 'timeout' ? 200 : 10_000,
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
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    await once(probe, 'close')
    const error = await failureOf(
      new JobsClient({ baseUrl: `http://127.0.0.1:${port}/api/v1`, token }).createJobRun({ job_id: jobId }),
    )
    expect(error).toMatchObject({ kind: 'not_sent', code: 'connection_refused' })
    expect(error.message).toContain('ECONNREFUSED')
  })

  test('to a closed port of a name with several addresses was not sent', async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    await once(probe, 'close')
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
