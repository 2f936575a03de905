import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTickRuns } from '../../src/activities/backfill/temporal-tick-runs.ts'
import { createActivities } from '../../src/activities/index.ts'
import { createLimits } from '../../src/activities/limits/temporal-limits.ts'
import { createLooks } from '../../src/activities/looks.ts'
import { createNestedRuns } from '../../src/activities/nested/temporal-nested-runs.ts'
import { createSchedules } from '../../src/activities/schedules/temporal-schedules.ts'
import { JobsApiError, JobsClient } from '../../src/client/index.ts'
import { installationNames } from '../../src/contract/names.ts'
import { acquireTemporalBinary } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { createSecretKeeper } from '../../src/worker/secret-keeper.ts'
import { type FaultServer, json, startFaultServer } from '../client/fault-server.ts'
import { type DevServer, startDevServer } from '../helpers/dev-server.ts'
import { until } from '../helpers/until.ts'

/** Activities on a worker that would beat once a minute, started by somebody who expects a beat within seconds. */

/** A beat comes after a third of it, and may be late by the rest. */
const timeoutMs = 6_000
/** Longer than whoever does not beat has. */
const answerMs = 1.5 * timeoutMs
const taskQueue = 'beats'
let temporal: DevServer
let slow: FaultServer
let client: Client
let worker: Worker
let running: Promise<void>

beforeAll(async () => {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') })
  const { path: binary } = await acquireTemporalBinary({
    cacheDir: process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'),
  })
  temporal = await startDevServer({ binary })
  slow = await startFaultServer(async (response, request, nth) => {
    await delay(answerMs)
    const body = request.url.includes('/changes') ? { changes: [], cursor: `c${nth}` } : 42
    return json(200, body)(response, request, nth)
  })
  const api = new JobsClient({ baseUrl: slow.baseUrl, token: 't' })
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) })
  worker = await Worker.create({
    connection: await NativeConnection.connect({ address: temporal.address }),
    taskQueue,
    // Otherwise the SDK sends a beat only after four fifths of the time-out.
    maxHeartbeatThrottleInterval: 100,
    activities: createActivities({
      namespace: 'default',
      connection: (name) => ({ api: broken(name) ?? api, requestsPerSecond: 5, deleteJobs: 'never' }),
      pollers: {
        of: () => ({ lastSeen: () => undefined }),
        register: async () => undefined,
        leaseMs: () => 30_000,
        handOver: async () => undefined,
      },
      executions: { isOpen: async () => true, isTaskLost: async () => false },
      closedRuns: {
        since: async function* () {},
        remainsOf: async () => undefined,
        tellFailed: async () => undefined,
      },
      nestedRuns: createNestedRuns(client),
      tickRuns: createTickRuns(client, installationNames(), createSchedules(client)),
      schedules: createSchedules(client),
      limits: createLimits(client, installationNames()),
      sweep: 'off',
      log: { info: () => undefined, warn: () => undefined },
      presence: { identity: 'test', isPredecessor: () => false },
      looks: createLooks(),
      recoverWaits: async () => undefined,
      secretKeeper: () => createSecretKeeper({}),
      waits: {
        complete: async () => 'completed',
        lookAgain: async () => 'completed',
        letGo: async () => undefined,
        tell: async () => undefined,
        ensureWatcher: async () => undefined,
      },
      heartbeatIntervalMs: 60_000,
    }),
  })
  running = worker.run()
})
afterAll(async () => {
  worker?.shutdown()
  await running
  await client?.connection.close()
  await slow?.[Symbol.asyncDispose]()
  await temporal?.stop()
})

/** What an outage or a defect makes of a request, by the name of the connection. */
let reads = 0
function broken(name: string): JobsClient | undefined {
  const reading = (getOutput: JobsClient['getOutput']) =>
    Object.assign(new JobsClient({ baseUrl: slow.baseUrl, token: 't' }), { getOutput })
  switch (name) {
    case 'defect':
      return reading(async () => {
        reads += 1
        throw new RangeError('Maximum call stack size exceeded')
      })
    case 'outage':
      return reading(async () => {
        reads += 1
        if (reads === 2) throw new TypeError('of half an answer')
        if (reads < 6)
          throw new JobsApiError({
            kind: 'not_sent',
            code: 'connection_refused',
            reason: 'r',
            method: 'GET',
            url: '/',
          })
        return { mediaType: 'text/plain', content: Buffer.from('there') }
      })
    default:
      return undefined
  }
}

const readFrom = (connection: string) => {
  reads = 0
  const input = { connection, outputs: [{ jobRunId: randomUUID(), name: 'x' }] }
  // An attempt that times out would read as well.
  return startActivity('readOutputs', input, { heartbeatTimeout: 60_000 })
}

test('an activity that breaks is given up after a few attempts, and says what broke', async () => {
  const failure: unknown = await (await readFrom('defect')).result().catch((error: unknown) => error)
  expect(failure).toMatchObject({
    cause: {
      type: 'worker_defect',
      message:
        'a defect of Jobwright: readOutputs broke 3 times, with RangeError: Maximum call stack size exceeded',
    },
  })
  expect(reads).toBe(3)
})

test('what an outage ends is tried on, whatever broke in between', async () => {
  expect(await (await readFrom('outage')).result()).toEqual(['there'])
  expect(reads).toBe(6)
})

const startActivity = (
  name: string,
  input: unknown,
  { heartbeatTimeout = timeoutMs, ...retry }: { heartbeatTimeout?: number; maximumAttempts?: number } = {},
) =>
  client.activity.start(name, {
    id: randomUUID(),
    taskQueue,
    args: [input],
    heartbeatTimeout,
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 1, ...retry },
  })

// Both wait for slow answers most of their time.
test.concurrent('a step activity beats as often as its time-out asks for', async () => {
  const outputs = [{ jobRunId: randomUUID(), name: 'x' }]
  const handle = await startActivity(
    'readOutputs',
    { connection: 'default', outputs },
    { maximumAttempts: 1 },
  )
  expect(await handle.result()).toEqual([42])
})

test.concurrent('the watcher of a feed does so, too', async () => {
  const polls = () => slow.requests.filter(({ url }) => url.includes('/changes')).length
  const handle = await startActivity('watchFeed', { connection: 'default', cursor: 'c' })
  await until('two polls', () => polls() >= 3)
  expect((await handle.describe()).attempt).toBe(1)
  await handle.cancel('enough')
  await expect(handle.result()).rejects.toThrow()
})
