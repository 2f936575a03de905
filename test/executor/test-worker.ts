import { fileURLToPath } from 'node:url'
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker'
import { WorkerReportsClient } from '../../src/client/worker-reports.ts'
import type { ExecuteJobRunDependencies } from '../../src/executor/attempt.ts'
import { createExecuteJobRun } from '../../src/executor/execute-job-run.ts'
import { handlersHere } from '../../src/executor/handle.ts'
import { handlersApart } from '../../src/executor/host/hosts.ts'
import { createRegistry } from '../../src/job-types/registry.ts'
import { testHandling } from './test-handling.ts'
import { testJobTypes } from './test-job-types.ts'

export interface TestWorker {
  warnings: string[]
  /** Stops as a deploy does: handlers are told at once. */
  shutdown(): Promise<void>
}

export interface TestWorkerOptions {
  address: string
  taskQueue: string
  baseUrl: string
  overrides?: Partial<ExecuteJobRunDependencies>
  /** Where handlers run. @default 'apart' */
  handlers?: 'here' | 'apart'
  /** How long a process of handlers may stand still and is not taken for busy. @default 30 s: a busy machine is not what a test is about */
  busyAfterMs?: number
}

/** A real worker for the job types of the tests, in this process; its handlers are in another one. */
export async function startTestWorker(options: TestWorkerOptions): Promise<TestWorker> {
  const warnings: string[] = []
  // A report that takes long on a busy machine is none to be sent twice.
  const server = { baseUrl: options.baseUrl, token: 'canary-worker-token', timeoutMs: 30_000 }
  const log = {
    info: () => undefined,
    warn: (fields: object, message: string) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
  }
  const entry = fileURLToPath(new URL('./test-handler-host.ts', import.meta.url))
  const handlers =
    options.handlers === 'here'
      ? handlersHere(testHandling(server))
      : handlersApart({ entry, settings: server }, log, options.busyAfterMs ?? 30_000)
  const connection = await NativeConnection.connect({ address: options.address })
  const worker = await Worker.create({
    connection,
    taskQueue: options.taskQueue,
    maxHeartbeatThrottleInterval: 50,
    shutdownGraceTime: 0,
    activities: createExecuteJobRun({
      reports: new WorkerReportsClient(server),
      registry: createRegistry(testJobTypes),
      handlers,
      heartbeatIntervalMs: 50,
      logFlushMs: 20,
      log,
      ...options.overrides,
    }),
  })
  const running = worker.run()
  let stopped: Promise<void> | undefined
  return {
    warnings,
    shutdown() {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      stopped ??= running.then(async () => {
        await handlers.close()
        await connection.close()
      })
      return stopped
    },
  }
}

export function quietTemporal(): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  })
}
