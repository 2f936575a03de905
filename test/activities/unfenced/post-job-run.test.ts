import { describe, expect, it } from 'vitest'
import type { ConnectedDependencies } from '../../../src/activities/dependencies.ts'
import type { PostAnswer } from '../../../src/activities/types.ts'
import { postJobRun } from '../../../src/activities/unfenced/post-job-run.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { JobsClient } from '../../../src/client/index.ts'
import { findFreePort } from '../../../src/dev-stack/temporal-cli/free-port.ts'
import type { Secrets } from '../../../src/job-types/index.ts'
import type { OwnJob } from '../../../src/protocol/index.ts'
import { createSecretKeeper } from '../../../src/worker/secret-keeper.ts'
import { json, runBody, type Script, startFaultServer, text } from '../../client/fault-server.ts'
import { inActivity } from '../../helpers/in-activity.ts'

/** What each way to fail means for the protocol, told by a real server that fails so. */

const job: OwnJob = {
  jobId: runBody.job_id,
  isOwn: true,
  madeAtMs: 0,
  creator: runBody.created_by,
  before: null,
  isMarked: false,
}
/** Only who is about the clock has less: what is late for its time is another answer. */
const amplyMs = 60_000

interface Given {
  job?: OwnJob
  /** @default amplyMs */
  sendingMs?: number
  fetch?: typeof fetch
  runId?: string
  begunIn?: string
  config?: JsonObject
  secrets?: Secrets
}

function post(baseUrl: string, more: Given = {}): Promise<PostAnswer> {
  const { fetch, runId = 'first', begunIn, secrets = {}, sendingMs = amplyMs } = more
  const api = new JobsClient({ baseUrl, token: 'token', ...(fetch ? { fetch } : {}) })
  const deps = { connected: { api }, secretKeeper: () => createSecretKeeper(secrets) }
  return inActivity(
    () =>
      postJobRun(deps as unknown as ConnectedDependencies, {
        connection: 'default',
        job: more.job ?? job,
        config: more.config ?? null,
        sendingMs,
        ...(begunIn === undefined ? {} : { begunIn }),
      }),
    undefined,
    { workflowExecution: { workflowId: 'w', runId } },
  )
}

const list = (items: object[] = [], count = items.length) => json(200, { items, count })

/** A server whose lists are empty, and that does this to a POST. */
async function startServer(toPost: Script, toList: Script = list()) {
  return startFaultServer((response, request, nth) =>
    (request.method === 'POST' ? toPost : toList)(response, request, nth),
  )
}

/** Answers, as they are. */
const answers: [string, Script, object, Given?][] = [
  ['201', json(201, runBody), { kind: 'posted', run: { jobRunId: runBody.uuid, jobId: runBody.job_id } }],
  [
    '201 with the job id in capitals',
    json(201, { ...runBody, job_id: runBody.job_id.toUpperCase() }),
    { kind: 'posted', run: { jobId: runBody.job_id } },
  ],
  ['400', json(400, { code: 'no_config' }), { kind: 'refused', code: 'no_config', isMissing: false }],
  ['403', text(403, ''), { kind: 'refused', code: 'http_403', isMissing: false }],
  ['404', text(404, ''), { kind: 'refused', isMissing: true }],
  ['422', json(422, { detail: [] }), { kind: 'refused', isMissing: false }],
  ['401', text(401, ''), { kind: 'not_sent', retryAfterMs: 5_000 }],
  ['429 that says when', text(429, '', { 'retry-after': '7' }), { kind: 'not_sent', retryAfterMs: 7_000 }],
  ['429 that does not', text(429, ''), { kind: 'not_sent', retryAfterMs: 0 }],
  ['429 with garbage', text(429, '', { 'retry-after': 'soon' }), { kind: 'not_sent', retryAfterMs: 0 }],
  ['408', text(408, ''), { kind: 'unknown' }],
  ['409', json(409, { code: 'busy' }), { kind: 'unknown' }],
  ['425', text(425, ''), { kind: 'unknown' }],
  ['500', text(500, ''), { kind: 'unknown' }],
  ['502 page', text(502, '<html></html>'), { kind: 'unknown' }],
  ['503 that says when', text(503, '', { 'retry-after': '1' }), { kind: 'unknown' }],
  [
    '503 of our server, which did nothing',
    json(503, { type: 'urn:jobwright:problem:overloaded' }, { 'retry-after': '9' }),
    { kind: 'not_sent', retryAfterMs: 9_000 },
  ],
  ['504', text(504, ''), { kind: 'unknown' }],
  ['redirect', text(307, '', { location: '/elsewhere' }), { kind: 'unknown' }],
  ['200 with a page', text(200, '<html></html>', { 'content-type': 'text/html' }), { kind: 'unknown' }],
  ['201 with half of the JSON', text(201, JSON.stringify(runBody).slice(0, 60)), { kind: 'unknown' }],
  ['201 with nothing', text(201, ''), { kind: 'unknown' }],
  ['201 with a number as id', json(201, { ...runBody, uuid: 4711 }), { kind: 'unknown' }],
  ['201 without an id', json(201, { ...runBody, uuid: undefined }), { kind: 'unknown' }],
  ['201 with a run of another job', json(201, { ...runBody, job_id: 'other' }), { kind: 'unknown' }],
  ['reset once it was read', (response) => void response.socket?.resetAndDestroy(), { kind: 'unknown' }],
  [
    'reset in the middle of the answer',
    (response) => {
      response.writeHead(201, { 'content-length': '1000' }).write('{"uuid":')
      setImmediate(() => response.socket?.resetAndDestroy())
    },
    { kind: 'unknown' },
  ],
  // A third of it is for the look before.
  ['nothing in time', () => {}, { kind: 'unknown' }, { sendingMs: 6_000 }],
]

describe('what became of a POST that was answered with', () => {
  it.each(answers)('%s', async (_, script, expected, given) => {
    await using server = await startServer(script)
    expect(await post(server.baseUrl, given)).toMatchObject(expected)
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})

describe('a config that cannot be filled in', () => {
  it.each<[string, Secrets, object]>([
    ['a secret that nobody has', {}, { kind: 'refused', code: 'invalid_config' }],
    [
      'a secret that cannot be read just now',
      { KEY: () => Promise.reject(new Error('down')) },
      { kind: 'not_sent' },
    ],
  ])('%s', async (_, secrets, expected) => {
    await using server = await startServer(json(201, runBody))
    const config = { key: { $secret: 'KEY' } }
    expect(await post(server.baseUrl, { config, secrets })).toMatchObject(expected)
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(0)
  })
})

describe('an output in a config', () => {
  it('is what the run shows of it, on a server that serves no outputs', async () => {
    const value = 'x'.repeat(10_000)
    const shown = { ...runBody, output_references: [{ name: 'report', value }] }
    let sent: unknown
    await using server = await startServer(json(201, runBody), (response, request, nth) => {
      const { pathname } = new URL(request.url ?? '', 'http://server')
      const script = pathname.endsWith('/job-runs')
        ? list()
        : pathname.endsWith(runBody.uuid)
          ? json(200, shown)
          : text(404, '')
      return script(response, request, nth)
    })
    const reading: typeof fetch = async (input, init) => {
      const request = new Request(input, init)
      if (request.method === 'POST') sent = await request.clone().json()
      return fetch(request)
    }
    const config = { report: { $output: { job_run_id: runBody.uuid, name: 'report' } } }
    expect(await post(server.baseUrl, { config, fetch: reading })).toMatchObject({ kind: 'posted' })
    expect(sent).toMatchObject({ config: { report: value } })
  })

  it('is refused where nothing shows it', async () => {
    await using server = await startServer(json(201, runBody), (response, request, nth) => {
      const isRun = request.url?.endsWith(runBody.uuid)
      const script = isRun ? json(200, runBody) : request.url?.includes('outputs') ? text(404, '') : list()
      return script(response, request, nth)
    })
    const config = { report: { $output: { job_run_id: runBody.uuid, name: 'report' } } }
    expect(await post(server.baseUrl, { config })).toMatchObject({ kind: 'refused', code: 'invalid_config' })
  })
})

describe('a POST that cannot have been seen', () => {
  /** The look reaches a server that is there, the POST goes elsewhere. */
  async function postTo(origin: string): Promise<PostAnswer> {
    await using server = await startServer(text(500, ''))
    const elsewhere: typeof fetch = (input, init) => {
      const request = new Request(input, init)
      return request.method === 'POST' ? fetch(new Request(`${origin}/job-runs`, request)) : fetch(request)
    }
    const answer = await post(server.baseUrl, { fetch: elsewhere })
    expect(server.requests.map(({ method }) => method)).toEqual(['GET'])
    return answer
  }

  it('as nobody listens', async () => {
    expect(await postTo(`http://127.0.0.1:${await findFreePort()}`)).toMatchObject({ kind: 'not_sent' })
  })
  it('as the name is unknown', async () => {
    expect(await postTo('http://nowhere.invalid')).toMatchObject({ kind: 'not_sent' })
  })
  it('as the TLS handshake failed', async () => {
    await using server = await startServer(text(200, ''))
    const { port } = new URL(server.baseUrl)
    expect(await postTo(`https://127.0.0.1:${port}`)).toMatchObject({ kind: 'not_sent' })
  })
  it('as its time was over before it could leave', async () => {
    const sendingMs = 1_500
    await using server = await startServer(json(201, runBody), async (response, request, nth) => {
      await new Promise((resolve) => setTimeout(resolve, sendingMs))
      return list()(response, request, nth)
    })
    expect(await post(server.baseUrl, { sendingMs })).toMatchObject({ kind: 'not_sent' })
    expect(server.requests.map(({ method }) => method)).toEqual(['GET'])
  })
})

describe('the look before it', () => {
  it.each([
    [
      'finds the run that is there already',
      list([runBody]),
      { kind: 'listed', runs: [{ jobRunId: runBody.uuid }] },
    ],
    ['is out for a while', text(503, ''), { kind: 'not_sent' }],
    ['waits for a new token', text(401, ''), { kind: 'not_sent' }],
    ['is refused for good', text(403, ''), { kind: 'refused', isMissing: false }],
  ])('%s, and nothing is sent', async (_, toList, expected) => {
    await using server = await startServer(json(201, runBody), toList)
    expect(await post(server.baseUrl)).toMatchObject(expected)
    expect(server.requests.map(({ method }) => method)).toEqual(['GET'])
  })

  it.each<[string, JsonObject, string]>([
    ['secrets as they were sent', { tag: 'run-1', keys: [{ of: 'us', key: 'clear' }] }, 'listed'],
    ['none', { tag: 'run-1', keys: [{ of: 'us' }] }, 'refused'],
    ['another name', { tag: 'run-2', keys: [{ of: 'us', key: 'clear' }] }, 'refused'],
  ])('on a shared job knows our run by a config whose echo has %s', async (_, echo, kind) => {
    const config = { tag: 'run-1', keys: [{ of: 'us', key: { $secret: 'NOT_HERE' } }] }
    await using server = await startServer(json(201, runBody), list([{ ...runBody, config: echo }]))
    const marked = { ...job, isOwn: false, creator: '', isMarked: true }
    expect(await post(server.baseUrl, { job: marked, config })).toMatchObject({ kind })
  })

  it("does not take a stranger's run, and remembers what was there on a shared job", async () => {
    const theirs = { ...runBody, created_by: 'somebody@example.com' }
    await using server = await startServer(text(500, ''), list([theirs]))
    expect(await post(server.baseUrl)).toMatchObject({ kind: 'unknown', before: null })
    expect(await post(server.baseUrl, { job: { ...job, isOwn: false, creator: '' } })).toMatchObject({
      kind: 'unknown',
      before: { jobRunIds: [runBody.uuid] },
    })
  })
})

describe('after a reset', () => {
  const made = { ...job, madeIn: 'first' }

  it.each<[string, Given, object, string[]]>([
    [
      'a first POST may be under way already, and is looked for',
      { job: made, runId: 'second', begunIn: 'first' },
      { kind: 'unknown', atMs: amplyMs },
      ['GET'],
    ],
    ['a second one is sent', { job: made, runId: 'second' }, { kind: 'posted' }, ['GET', 'POST']],
    [
      'a job that was made since has none',
      { job: { ...job, madeIn: 'second' }, runId: 'second', begunIn: 'first' },
      { kind: 'posted' },
      ['GET', 'POST'],
    ],
    ['or without one, it is sent', { job: made, begunIn: 'first' }, { kind: 'posted' }, ['GET', 'POST']],
  ])('%s', async (_, more, expected, methods) => {
    await using server = await startServer(json(201, runBody))
    expect(await post(server.baseUrl, more)).toMatchObject(expected)
    expect(server.requests.map(({ method }) => method)).toEqual(methods)
  })
})
