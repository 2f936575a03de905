import { describe, expect, test } from 'vitest'
import { JobsApiError, JobsClient, wasNotProcessed } from '../../src/client/index.ts'
import { createResends } from '../../src/client/resend.ts'
import { until } from '../helpers/until.ts'
import { json, runBody, type Script, startFaultServer } from './fault-server.ts'

const overloaded = (retryAfter: string): Script =>
  json(
    503,
    { type: 'urn:jobwright:problem:overloaded', code: 'overloaded', detail: 'nothing was done' },
    { 'retry-after': retryAfter },
  )
const made = json(201, runBody)
const body = { job_id: runBody.job_id }

async function failureOf(work: Promise<unknown>): Promise<JobsApiError> {
  const error = await work.then(() => undefined).catch((reason: unknown) => reason)
  if (!(error instanceof JobsApiError)) throw new Error('did not fail as it should', { cause: error })
  return error
}

describe('What an overloaded server refused', () => {
  test('is sent again as it was, when the server says', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      (nth <= 2 ? overloaded('0') : made)(response, request, nth),
    )
    const api = new JobsClient({ baseUrl: server.baseUrl, token: 't' })
    expect(await api.createJobRun(body, { idempotencyKey: 'k' })).toMatchObject({ uuid: runBody.uuid })
    expect(server.requests).toHaveLength(3)
    for (const request of server.requests) {
      expect(JSON.parse(request.body.toString())).toEqual(body)
      expect(request.headers['idempotency-key']).toBe('k')
    }
  })

  test('is for the caller to send again, when it would be too late for the answer', async () => {
    await using server = await startFaultServer(overloaded('6'))
    const api = new JobsClient({ baseUrl: server.baseUrl, token: 't' })
    for (const failure of [
      await failureOf(api.createJobRun(body)),
      // The time of a long poll is for its answer.
      await failureOf(api.getJobRun(runBody.uuid, { waitSeconds: 60 })),
    ]) {
      expect(failure).toMatchObject({ code: 'overloaded', status: 503, retryAfterMs: 6_000 })
      expect(wasNotProcessed(failure)).toBe(true)
    }
    expect(server.requests).toHaveLength(2)
  })

  test('is not sent after the instant that a caller names', async () => {
    await using server = await startFaultServer(overloaded('1'))
    const api = new JobsClient({ baseUrl: server.baseUrl, token: 't' })
    const sendBefore = performance.now() + 500
    expect(await failureOf(api.createJobRun(body, { sendBefore }))).toMatchObject({
      kind: 'not_sent',
      code: 'too_late',
    })
    expect(server.requests).toHaveLength(1)
  })

  test('is given up by a caller that aborts', async () => {
    await using server = await startFaultServer(overloaded('4'))
    const api = new JobsClient({ baseUrl: server.baseUrl, token: 't' })
    const leaving = new AbortController()
    const failure = failureOf(api.createJobRun(body, { signal: leaving.signal }))
    await until('the refusal', () => server.requests.length === 1)
    leaving.abort()
    // Aborted either while the refusal came or while the client waited.
    expect(await failure).toMatchObject({ code: 'aborted' })
    expect(server.requests).toHaveLength(1)
  })

  test('is told from any other 503', async () => {
    await using server = await startFaultServer(json(503, { code: 'overloaded' }, { 'retry-after': '0' }))
    const failure = await failureOf(
      new JobsClient({ baseUrl: server.baseUrl, token: 't' }).createJobRun(body),
    )
    expect(wasNotProcessed(failure)).toBe(false)
    expect(server.requests).toHaveLength(1)
  })

  test('is sent again no more often than a client has successes for', () => {
    const refusal = new JobsApiError({
      kind: 'ambiguous',
      code: 'overloaded',
      reason: 'r',
      method: 'POST',
      url: '/job-runs',
      status: 503,
      retryAfterMs: 1_000,
      problem: {
        type: 'urn:jobwright:problem:overloaded',
        title: '',
        status: 503,
        detail: '',
        code: 'overloaded',
      },
    })
    const resends = createResends(() => 0)
    const pause = () => resends.pauseMs(refusal, 0, 10_000)
    const allowed = Array.from({ length: 150 }, pause).filter((ms) => ms !== undefined)
    expect(allowed).toEqual(Array.from({ length: 100 }, () => 1_000))
    for (let success = 0; success < 5; success += 1) resends.succeeded()
    expect([pause(), pause()]).toEqual([1_000, undefined])
  })
})
