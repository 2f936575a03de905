import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { JsonObject } from '../../src/base/json.ts'
import { acquireTemporalBinary } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { type DevServer, startDevServer } from '../helpers/dev-server.ts'
import { until } from '../helpers/until.ts'
import { type ReportServer, startReportServer } from './report-server.ts'
import { quietTemporal, startTestWorker, type TestWorker, type TestWorkerOptions } from './test-worker.ts'

export interface TriggerOptions {
  config?: JsonObject
  timeoutMs?: number
  /** @default 30 s: only a worker that is killed is to be taken for lost, and none that stands still for a while */
  heartbeatMs?: number
}

/** A real Temporal for the tests of a file; for each test a server that takes reports, and a task queue of its own. */
export function useExecutor() {
  let temporal: DevServer
  let client: Client
  let api: ReportServer
  let taskQueue: string
  let workers: { shutdown(): Promise<void> }[]

  beforeAll(async () => {
    quietTemporal()
    const { path: binary } = await acquireTemporalBinary({
      cacheDir: process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'),
    })
    temporal = await startDevServer({ binary })
    client = new Client({ connection: await Connection.connect({ address: temporal.address }) })
  })
  afterAll(async () => {
    await client?.connection.close()
    await temporal?.stop()
  })
  beforeEach(async () => {
    api = await startReportServer()
    taskQueue = `jobs-${randomUUID()}`
    workers = []
  })
  afterEach(async () => {
    for (const worker of workers) await worker.shutdown()
    await api[Symbol.asyncDispose]()
  })

  return {
    get client() {
      return client
    },
    get api() {
      return api
    },
    /** What a worker in a process of its own is told. */
    get workerArguments() {
      return [temporal.address, taskQueue, api.baseUrl]
    },
    get taskQueue() {
      return taskQueue
    },
    /** To be shut down after the test. */
    add(worker: { shutdown(): Promise<void> }): void {
      workers.push(worker)
    },
    async work(
      overrides: TestWorkerOptions['overrides'] = {},
      more: Pick<TestWorkerOptions, 'handlers' | 'busyAfterMs'> = {},
    ): Promise<TestWorker> {
      const options = { address: temporal.address, taskQueue, baseUrl: api.baseUrl, overrides, ...more }
      const worker = await startTestWorker(options)
      workers.push(worker)
      return worker
    },
    /** Triggers a run as the dispatcher does. */
    async trigger(
      jobType: string,
      { config = {}, timeoutMs = 60_000, heartbeatMs = 30_000 }: TriggerOptions = {},
    ) {
      const id = randomUUID()
      api.add(id, { job_type: jobType, ...config })
      const handle = await client.activity.start('executeJobRun', {
        id,
        taskQueue,
        args: [{ job_run_id: id, job_type: jobType }],
        idReusePolicy: 'REJECT_DUPLICATE',
        startToCloseTimeout: timeoutMs,
        heartbeatTimeout: heartbeatMs,
        retry: { initialInterval: 100, backoffCoefficient: 2, maximumInterval: 60_000 },
      })
      const closed = () =>
        until(`activity ${id} to close`, async () => {
          const { status } = await handle.describe({ includeOutcome: true })
          return status !== 'RUNNING' && status
        })
      return { id, handle, closed }
    },
    /** Until the handler has said so. */
    waiting: (id: string, attempt = 1) =>
      until(`attempt ${attempt} to wait`, () =>
        api.get(id).logs.some((line) => line.message === 'waiting' && line.attempt === attempt),
      ),
  }
}
