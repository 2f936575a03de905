import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker'
import { JobsClient, WorkerReportsClient } from '../../src/client/index.ts'
import type { ExecuteJobRunDependencies } from '../../src/executor/attempt.ts'
import { createExecuteJobRun } from '../../src/executor/execute-job-run.ts'
import { createRegistry } from '../../src/job-types/registry.ts'
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
}

export const testSecrets = {
  PLAIN: 'canary-plain"quoted',
  ASYNC: async () => 'canary-async/4711',
  NAME: 'canary_name',
  SHORT: 'abc',
  BROKEN: () => Promise.reject(new Error('canary-broken')),
}

/** A real worker for the job types of the tests, in this process. */
export async function startTestWorker(options: TestWorkerOptions): Promise<TestWorker> {
  const warnings: string[] = []
  const client = { baseUrl: options.baseUrl, token: 'canary-worker-token', timeoutMs: 2000 }
  const connection = await NativeConnection.connect({ address: options.address })
  const worker = await Worker.create({
    connection,
    taskQueue: options.taskQueue,
    maxHeartbeatThrottleInterval: 50,
    shutdownGraceTime: 0,
    activities: createExecuteJobRun({
      reports: new WorkerReportsClient(client),
      registry: createRegistry(testJobTypes),
      apiFor: () => new JobsClient(client),
      secrets: testSecrets,
      heartbeatIntervalMs: 50,
      logFlushMs: 20,
      log: {
        info: () => undefined,
        warn: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
      },
      ...options.overrides,
    }),
  })
  const running = worker.run()
  let stopped: Promise<void> | undefined
  return {
    warnings,
    shutdown() {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      stopped ??= running.then(() => connection.close())
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
