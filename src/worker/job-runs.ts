import type { WorkerOptions } from '@temporalio/worker'
import type { Logger } from 'pino'
import { heartbeatIntervalMs } from '../base/heartbeat.ts'
import { JobsClient, WorkerReportsClient } from '../client/index.ts'
import type { Config } from '../config.ts'
import { basePath, jobRunHeader } from '../contract/index.ts'
import { taskQueues } from '../contract/names.ts'
import { createExecuteJobRun } from '../executor/index.ts'
import type { JobTypeRegistry, Secrets } from '../job-types/index.ts'

/** Options of the workers that run the handlers of our own server's job runs, one for each task queue. None without a server. */
export function jobRunWorkers(
  config: Config,
  { registry, secrets, log }: { registry: JobTypeRegistry; secrets: Secrets; log: Logger },
): Omit<WorkerOptions, 'connection' | 'namespace'>[] {
  const { url, workerToken } = config.server
  if (!url || !workerToken) {
    log.warn(
      'JOBWRIGHT_URL and JOBWRIGHT_WORKER_TOKEN are not both set: this worker runs pipelines, but no job runs',
    )
    return []
  }
  const options = { baseUrl: url + basePath, token: workerToken, timeoutMs: config.timing.requestTimeoutMs }
  const activities = createExecuteJobRun({
    reports: new WorkerReportsClient(options),
    registry,
    apiFor: (jobRunId) => new JobsClient({ ...options, headers: { [jobRunHeader]: jobRunId } }),
    secrets,
    heartbeatIntervalMs,
    log,
  })
  const own = registry.names().flatMap((name) => registry.get(name)?.taskQueue ?? [])
  return [...new Set([taskQueues.jobRuns, ...own])].map((taskQueue) => ({
    taskQueue,
    activities,
    // A cancel reaches a handler by the answer to a heartbeat, so they must not be held back for long.
    maxHeartbeatThrottleInterval: 1_000,
    maxConcurrentActivityTaskExecutions: 100,
    shutdownGraceTime: config.timing.shutdownGraceMs,
  }))
}
