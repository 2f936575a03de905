import { ApplicationFailure } from '@temporalio/activity'
import { expect, test } from 'vitest'
import { decodeWaiter, encodeWaiter } from '../../src/activities/wait-ref.ts'
import { watchAgain, watchFeed } from '../../src/activities/watch-feed.ts'
import { JobsClient } from '../../src/client/index.ts'
import { json, runBody, startFaultServer } from '../client/fault-server.ts'
import { inActivity } from '../helpers/in-activity.ts'
import { until } from '../helpers/until.ts'

const quiet = {
  complete: async () => 'completed' as const,
  lookAgain: async () => 'completed' as const,
  letGo: async () => {},
  ensureWatcher: async () => {},
  tell: async () => {},
}

/**
 * A feed with the ends of two runs that `first` waits for on its first page, one of `other` and one of `first` on its second; then nothing
 * more. Where it is another one than the cursor is of, it begins with a run of `first` that was just made, after one of it had ended.
 */
async function watched(
  tell: (workflowId: string, ids: string[]) => Promise<void>,
  letGo: (workflowId: string) => Promise<void> = async () => {},
  heartbeatDetails?: object,
  isAnother = false,
) {
  const changed = (status: string, workflowId: string, index: number) => {
    const ref = { namespace: 'default', workflowId, activityId: `s/${index}/1` }
    const client_ref = encodeWaiter({ kind: 'workflow', ref, kept: { outputs: [], whole: false } })
    const job_run = {
      ...runBody,
      uuid: `${runBody.uuid.slice(0, -1)}${index}`,
      status,
      client_ref,
    }
    return { cursor: `c${index}`, status, at: runBody.created_at, job_run }
  }
  const ended = (workflowId: string, index: number) => changed('completed', workflowId, index)
  const changes = ['first', 'first', 'other', 'first'].map(ended)
  const begun = changed('pending', 'first', 9)
  await using server = await startFaultServer((response, request, nth) => {
    if (request.url.startsWith('/api/v1/job-runs?'))
      return json(200, { count: 1, items: [changed('completed', 'first', 7).job_run] })(
        response,
        request,
        nth,
      )
    const after = new URL(request.url, 'http://localhost').searchParams.get('after') ?? ''
    if (isAnother && after === 'c')
      return json(422, { code: 'bad_cursor', detail: 'not a cursor of this server' })(response, request, nth)
    const page =
      { '': [begun, ...changes.slice(0, 2)], c: changes.slice(0, 2), c1: changes.slice(2) }[after] ?? []
    const body = { changes: page, cursor: page.at(-1)?.cursor ?? after }
    setTimeout(() => json(200, body)(response, request, nth), page.length > 0 ? 0 : 50)
  })
  const heartbeats: unknown[] = []
  const deps = {
    namespace: 'default',
    heartbeatIntervalMs: 10,
    presence: { identity: 'this' },
    api: new JobsClient({ baseUrl: server.baseUrl, token: 't' }),
    waits: {
      ...quiet,
      letGo,
      tell: (id: string, records: readonly { jobRunId: string }[]) =>
        tell(
          id,
          records.map(({ jobRunId }) => jobRunId.slice(-1)),
        ),
    },
  }
  let failure: unknown
  await inActivity(
    async (cancel) => {
      const watching = watchFeed(deps, { connection: 'default', cursor: 'c' }, { decode: decodeWaiter })
      const over = watching.catch((error: unknown) => {
        failure = error
      })
      const isPast = () => (heartbeats.at(-1) as { cursor?: string } | undefined)?.cursor === 'c3'
      await until('it is past the changes, or over', () => isPast() || failure !== undefined)
      cancel({ cancelRequested: true })
      await over
    },
    (details) => void heartbeats.push(details),
    { heartbeatDetails },
  )
  return { heartbeats, failure, requests: server.requests }
}

test('what ends together comes together, one signal at a time, and the cursor waits for each', async () => {
  const told: string[] = []
  let underWay = 0
  let looks = 0
  const { heartbeats } = await watched(async (id, ids) => {
    underWay += id === 'first' ? 1 : 0
    told.push(`${id}: ${ids.join()} (${underWay})`)
    if (id === 'other') await until('the cursor stands before it', () => ++looks > 3)
    underWay -= id === 'first' ? 1 : 0
  })
  expect(told).toEqual(['first: 0,1 (1)', 'other: 2 (0)', 'first: 3 (1)'])
  // Whoever takes over meanwhile reads again what was not acknowledged.
  expect(heartbeats).toContainEqual({ cursor: 'c1', by: 'this' })
})

test('where the feed is another one than before, as of another database, it begins anew, and only ends are told', async () => {
  const told: string[] = []
  const tell = async (id: string, ids: string[]) => void told.push(`${id}: ${ids.join()}`)
  const { requests } = await watched(tell, undefined, undefined, true)
  expect(told).toEqual(['first: 7,0,1', 'other: 2', 'first: 3'])
  const [anew] = requests.filter(({ url }) => !url.includes('after='))
  expect(anew?.url).toContain('statuses=')
})

test('a workflow that cannot be told of an end ends the attempt, which began before that', async () => {
  const { heartbeats, failure } = await watched(async (id) => {
    if (id === 'first') throw new Error('Temporal is away')
  })
  expect(String(failure)).toContain('Temporal is away')
  expect(heartbeats).not.toContainEqual({ cursor: 'c3' })
})

test.each([
  ['another process', 'other', ['let go first', 'first', 'let go other', 'other', 'first']],
  ['this process itself', 'this', ['first', 'other', 'first']],
])('what was read last by %s: workflows are let go that it may have had', async (_, by, expected) => {
  const done: string[] = []
  await watched(
    async (id) => void done.push(id),
    async (id) => void done.push(`let go ${id}`),
    { cursor: 'c', by },
  )
  const of = (id: string) => (all: readonly string[]) => all.filter((one) => one.endsWith(id))
  for (const id of ['first', 'other']) expect(of(id)(done)).toEqual(of(id)(expected))
})

test('a server that does not wait is not asked without a pause for what is not there', async () => {
  await using server = await startFaultServer(json(200, { changes: [], cursor: 'c' }))
  const api = new JobsClient({ baseUrl: server.baseUrl, token: 't' })
  const askedAtMs: number[] = []
  const listJobRunChanges: JobsClient['listJobRunChanges'] = (...args) => {
    askedAtMs.push(performance.now())
    return api.listJobRunChanges(...args)
  }
  const deps = {
    namespace: 'default',
    heartbeatIntervalMs: 1_000,
    presence: { identity: 'this' },
    waits: quiet,
  }
  await inActivity(async (cancel) => {
    const watching = watchFeed(
      { ...deps, api: Object.assign(Object.create(api), { listJobRunChanges }) },
      { connection: 'default', cursor: 'c' },
      { decode: decodeWaiter },
    )
    const over = watching.catch(() => {})
    await until('it asked again', () => askedAtMs.length > 1)
    cancel({ cancelRequested: true })
    await over
  })
  const [first = 0, second = 0] = askedAtMs
  // Half a second; timers may be early by a millisecond or two.
  expect(second - first).toBeGreaterThan(450)
})

test('while nobody listens there, the next attempt comes soon, however many there were', () => {
  expect(watchAgain(ApplicationFailure.retryable('x', 'connection_refused'))).toMatchObject({
    nonRetryable: false,
    nextRetryDelay: 500,
  })
  const other = ApplicationFailure.retryable('x', 'timeout')
  expect(watchAgain(other)).toBe(other)
})
