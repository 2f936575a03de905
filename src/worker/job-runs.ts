import type { WorkerOptions } from '@temporalio/worker'
import type { Logger } from 'pino'
import { heartbeatIntervalMs } from '../base/heartbeat.ts'
import type { Config } from '../config.ts'
import { basePath } from '../contract/index.ts'
import { installationNames } from '../contract/names.ts'
import { createExecuteJobRun, type Handlers, handlersApart, handlersHere } from '../executor/index.ts'
import type { JobTypeRegistry, Secrets } from '../job-types/index.ts'
import { handlerHost, handling } from './handlers.ts'

export interface JobRunWorkers {
  /** One for each task queue. */
  options: Omit<WorkerOptions, 'connection' | 'namespace'>[]
  /** Ends the processes of handlers. */
  close(): Promise<void>
}

/** Options of the workers that run the handlers of our own server's job runs. None without a server. */
export function jobRunWorkers(
  config: Config,
  { registry, secrets, log }: { registry: JobTypeRegistry; secrets: Secrets; log: Logger },
): JobRunWorkers {
  const { url, workerToken } = config.server
  if (!url || !workerToken) {
    log.warn(
      'JOBWRIGHT_URL and JOBWRIGHT_WORKER_TOKEN are not both set: this worker runs pipelines, but no job runs',
    )
    return { options: [], close: () => Promise.resolve() }
  }
  const server = { baseUrl: url + basePath, token: workerToken, timeoutMs: config.timing.requestTimeoutMs }
  const { reports, ...rest } = handling(server, { registry, secrets })
  const { isolation } = config
  const handlers: Handlers =
    isolation === 'none'
      ? handlersHere({ reports, ...rest })
      : handlersApart(handlerHost({ configFile: config.configFile, server }), log)
  const activities = createExecuteJobRun({
    reports,
    registry,
    handlers,
    isolation: isolation === 'none' ? 'shared' : isolation,
    heartbeatIntervalMs,
    log,
  })
  const { taskQueues } = installationNames(config.installation)
  const own = registry.names().flatMap((name) => {
    const taskQueue = registry.get(name)?.taskQueue
    return taskQueue === undefined ? [] : [taskQueues.ofJobType(taskQueue)]
  })
  const options = [...new Set([taskQueues.jobRuns, ...own])].map((taskQueue) => ({
    taskQueue,
    activities,
    // A cancel reaches a handler by the answer to a heartbeat, so they must not be held back for long.
    maxHeartbeatThrottleInterval: 1_000,
    maxConcurrentActivityTaskExecutions: 100,
    shutdownGraceTime: config.timing.shutdownGraceMs,
  }))
  return { options, close: () => handlers.close() }
}
