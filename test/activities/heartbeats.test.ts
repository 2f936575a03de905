import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createActivities } from '../../src/activities/index.ts'
import { JobsClient } from '../../src/client/index.ts'
import { acquireTemporalBinary } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { type FaultServer, json, startFaultServer } from '../client/fault-server.ts'
import { type DevServer, startDevServer } from '../helpers/dev-server.ts'
import { until } from '../helpers/until.ts'

/** Activities on a worker that would beat once a minute, started by somebody who expects a beat within a second. */

const timeoutMs = 1_000
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
    await delay(2.5 * timeoutMs)
    const body = request.url.includes('/changes') ? { changes: [], cursor: `c${nth}` } : 42
    return json(200, body)(response, request, nth)
  })
  const api = new JobsClient({ baseUrl: slow.baseUrl, token: 't' })
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) })
  worker = await Worker.create({
    connection: await NativeConnection.connect({ address: temporal.address }),
    taskQueue,
    activities: createActivities({
      namespace: 'default',
      connection: () => api,
      waits: { complete: async () => 'completed', ensureWatcher: async () => undefined },
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

const startActivity = (name: string, input: unknown, retry: { maximumAttempts?: number } = {}) =>
  client.activity.start(name, {
    id: randomUUID(),
    taskQueue,
    args: [input],
    heartbeatTimeout: timeoutMs,
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 1, ...retry },
  })

test('a step activity beats as often as its time-out asks for', async () => {
  const outputs = [{ jobRunId: randomUUID(), name: 'x' }]
  const handle = await startActivity(
    'readOutputs',
    { connection: 'default', outputs },
    { maximumAttempts: 1 },
  )
  expect(await handle.result()).toEqual([42])
})

test('the watcher of a feed does so, too', async () => {
  const before = slow.requests.length
  const handle = await startActivity('watchFeed', { connection: 'default', cursor: 'c' })
  await until('two polls', () => slow.requests.length >= before + 3)
  expect((await handle.describe()).attempt).toBe(1)
  await handle.cancel('enough')
  await expect(handle.result()).rejects.toThrow()
})
