import { ApplicationFailure } from '@temporalio/activity'
import { describe, expect, it } from 'vitest'
import type { ConnectedDependencies } from '../../../src/activities/dependencies.ts'
import type { FindJobRunsInput, JobRunListing, SendCancelResult } from '../../../src/activities/types.ts'
import { findJobRuns } from '../../../src/activities/unfenced/find-job-runs.ts'
import { sendCancel } from '../../../src/activities/unfenced/send-cancel.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { JobsClient } from '../../../src/client/index.ts'
import { createSecretKeeper } from '../../../src/worker/secret-keeper.ts'
import { json, runBody, type Script, startFaultServer, text } from '../../client/fault-server.ts'
import { inActivity } from '../../helpers/in-activity.ts'

/** An attempt of an activity that began so long ago. */
const after = (ms: number) => ({
  attempt: 1,
  scheduledTimestampMs: 1_000_000,
  currentAttemptScheduledTimestampMs: 1_000_000 + ms,
})

const dependenciesOf = (baseUrl: string) =>
  ({
    connected: { api: new JobsClient({ baseUrl, token: 'token' }) },
    secretKeeper: () => createSecretKeeper({}),
  }) as unknown as ConnectedDependencies

const none = json(200, { items: [], count: 0 })

/** What it says, or that it is tried again. */
async function outcome<T>(work: Promise<T>): Promise<T | 'again'> {
  try {
    return await work
  } catch (error) {
    if (error instanceof ApplicationFailure && !error.nonRetryable) return 'again'
    throw error
  }
}

describe('looking for a run whose trigger was not answered', () => {
  async function look(
    toList: Script,
    lookedMs: number,
    forMs: number | null,
    more: { isOwn?: boolean; isMarked?: boolean; known?: string[]; config?: JsonObject } = {},
  ): Promise<JobRunListing | 'again'> {
    const { isOwn = true, isMarked = false, known = [], config = null } = more
    await using server = await startFaultServer(toList)
    const input: FindJobRunsInput = {
      connection: 'default',
      job: {
        jobId: runBody.job_id,
        isOwn,
        madeAtMs: 0,
        creator: runBody.created_by,
        before: null,
        isMarked,
      },
      config,
      forMs,
      known,
    }
    return await outcome(
      inActivity(() => findJobRuns(dependenciesOf(server.baseUrl), input), undefined, after(lookedMs)),
    )
  }
  const one = json(200, { items: [runBody], count: 1 })
  const short = json(200, { items: [], count: 1 })

  it.each([
    ['a run, at once', one, 0, { isComplete: true, isSettled: false, runs: [{ jobRunId: runBody.uuid }] }],
    ['none, too early', none, 7_999, 'again'],
    ['none, when the time is up', none, 8_000, { isComplete: true, isSettled: true, runs: [] }],
    ['a short list, when the time is up', short, 8_000, 'again'],
    ['a short list, half a minute later', short, 38_000, { isComplete: false, isSettled: true, runs: [] }],
    ['an unknown job, half a minute later', text(404, ''), 38_000, { isComplete: false, isSettled: true }],
    ['a refusal', text(403, ''), 0, 'again'],
    ['a refusal for good', text(403, ''), 38_000, { isComplete: false, isSettled: true, runs: [] }],
  ])('%s', async (_, toList, lookedMs, expected) => {
    const found = await look(toList, lookedMs, 8_000)
    if (typeof expected === 'string') expect(found).toBe(expected)
    else expect(found).toMatchObject(expected)
  })

  it.each([
    ['in capitals is the same job', { job_id: runBody.job_id.toUpperCase() }, true, runBody.job_id],
    ['that is not told may be any', { job_id: undefined }, false, ''],
  ])('a job id %s', async (_, more, isComplete, jobId) => {
    const list = json(200, { items: [{ ...runBody, ...more }], count: 1 })
    expect(await look(list, 38_000, 8_000)).toMatchObject({ isComplete, runs: [{ jobId }] })
  })

  it('a list that has runs of other jobs, too, proves nothing', async () => {
    const list = json(200, { items: [{ ...runBody, job_id: 'other' }], count: 1 })
    expect(await look(list, 38_000, 8_000)).toMatchObject({ isComplete: false, runs: [] })
  })

  it('for as long as it takes, where nobody says how long', async () => {
    expect(await look(none, 1_000_000, null)).toBe('again')
  })

  it('takes an echo for the same config whatever a reference in it was filled in with, if the rest is equal', async () => {
    const echo = { note: 'run-7', key: 'the value' }
    const items = [{ ...runBody, config: echo }]
    const config = { note: 'run-7', key: { $secret: 'KEY' } }
    const shared = { isOwn: false, isMarked: true }
    const found = json(200, { items, count: 1 })
    expect(await look(found, 8_000, 8_000, { ...shared, config })).toMatchObject({
      runs: [{ jobRunId: runBody.uuid, sameConfig: true }],
    })
    const others = { note: 'run-8', key: config.key }
    expect(await look(found, 8_000, 8_000, { ...shared, config: others })).toMatchObject({ runs: [] })
  })

  it('shows a person the earliest of many that may be the one, and tells of no more than that', async () => {
    const uuids = Array.from({ length: 30 }, (_, index) => `run-${String(index).padStart(2, '0')}`)
    const items = uuids.map((uuid, index) => ({
      ...runBody,
      uuid,
      created_at: `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`,
    }))
    const busy = json(200, { items, count: items.length })
    const shown = await look(busy, 8_000, 8_000, { isOwn: false })
    if (shown === 'again') throw new Error('expected what is there')
    const known = shown.runs.map(({ jobRunId }) => jobRunId)
    expect(known).toEqual(uuids.slice(0, 20))
    expect(await look(busy, 0, null, { isOwn: false, known })).toBe('again')
  })
})

describe('sending a cancel', () => {
  async function cancel(toCancel: Script, toGet: Script, sinceMs = 0): Promise<SendCancelResult | 'again'> {
    await using server = await startFaultServer((response, request, nth) =>
      (request.method === 'GET' ? toGet : toCancel)(response, request, nth),
    )
    const input = { connection: 'default', jobRunId: runBody.uuid, secrets: [] }
    return await outcome(
      inActivity(() => sendCancel(dependenciesOf(server.baseUrl), input), undefined, after(sinceMs)),
    )
  }
  const running = json(200, { ...runBody, status: 'running' })
  const cancelled = json(200, { ...runBody, status: 'cancelled' })
  const completed = json(200, { ...runBody, status: 'completed' })
  const active = { record: null, isGone: false }

  it.each([
    ['200, and it is over', json(200, {}), cancelled, { record: { status: 'cancelled' } }],
    ['200, and it is at work', json(200, {}), running, active],
    ['202 with nonsense', text(202, 'ok'), running, active],
    ['204', text(204, ''), running, active],
    ['400, as it had completed', text(400, ''), completed, { record: { status: 'completed' } }],
    ['409, though it is at work', text(409, ''), running, active],
    ['500', text(500, ''), running, 'again'],
    ['500, and it is over', text(500, ''), completed, { record: { status: 'completed' } }],
    ['429', text(429, ''), running, 'again'],
    ['403', text(403, ''), running, 'again'],
    ['401', text(401, ''), running, 'again'],
    ['200, and the look is refused', json(200, {}), text(403, ''), 'again'],
    ['404, as it is not known yet', text(404, ''), text(404, ''), 'again'],
  ])('answered with %s', async (_, toCancel, toGet, expected) => {
    const result = await cancel(toCancel, toGet)
    if (typeof expected === 'string') expect(result).toBe(expected)
    else expect(result).toMatchObject(expected)
  })

  const lists: Script = (response, request, nth) =>
    (request.url.includes('?') ? none : text(404, ''))(response, request, nth)

  it('what is missing for long on a server that answers is gone', async () => {
    expect(await cancel(text(404, ''), lists, 60_000)).toEqual({ record: null, isGone: true })
    expect(await cancel(text(404, ''), lists, 59_000)).toBe('again')
  })

  it('behind a proxy that knows nothing, nothing is gone', async () => {
    expect(await cancel(text(404, ''), text(404, ''), 24 * 3_600_000)).toBe('again')
    const page = text(200, '<html></html>', { 'content-type': 'text/html' })
    const unlessGot: Script = (response, request, nth) =>
      (request.url.includes('?') ? page : text(404, ''))(response, request, nth)
    expect(await cancel(text(404, ''), unlessGot, 24 * 3_600_000)).toBe('again')
  })
})
