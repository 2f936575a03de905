import type { WorkerOptions } from '@temporalio/worker'
import type { Logger } from 'pino'
import { JobwrightError } from '../base/errors.ts'
import { heartbeatIntervalMs } from '../base/heartbeat.ts'
import { requireWorkerToken } from '../client/worker-token.ts'
import type { Config } from '../config.ts'
import { basePath } from '../contract/index.ts'
import { installationNames } from '../contract/names.ts'
import {
  createExecuteJobRun,
  type Handlers,
  handlersApart,
  handlersHere,
  persist,
} from '../executor/index.ts'
import type { JobTypeRegistry, Secrets } from '../job-types/index.ts'
import type { Isolation } from '../job-types/types.ts'
import { handlerHost, handling } from './handlers.ts'
import { defaultSlots, usableMemory } from './slots.ts'

export interface JobRunWorkers {
  /** One for each task queue. */
  options: Omit<WorkerOptions, 'connection' | 'namespace'>[]
  /**
   * Until the server has said that it knows this worker, which may be started before it.
   * @throws JobwrightError `bad_worker_token`: what this worker takes, it could only hold
   */
  admission(until: AbortSignal): Promise<void>
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
    return { options: [], admission: () => Promise.resolve(), close: () => Promise.resolve() }
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
  const isolationsOf = isolationsByQueue(config, registry)
  const memory = usableMemory()
  const options = [...isolationsOf].map(([taskQueue, isolations]) => ({
    taskQueue,
    activities,
    // A cancel reaches a handler by the answer to a heartbeat, so they must not be held back for long.
    maxHeartbeatThrottleInterval: 1_000,
    maxConcurrentActivityTaskExecutions: config.maxJobRuns ?? defaultSlots(isolations, memory),
    // As many polls as there is work to be had: one where nothing comes, many where a fan-out does.
    activityTaskPollerBehavior: { type: 'autoscaling', initial: 5, maximum: 50 } as const,
    shutdownGraceTime: config.timing.shutdownGraceMs,
  }))
  const isRefused = (error: unknown) => error instanceof JobwrightError && error.code === 'bad_worker_token'
  return {
    options,
    admission: (until) =>
      persist(() => requireWorkerToken(server, { signal: until }), {
        until,
        worthRetrying: (error) => !isRefused(error),
      }),
    close: () => handlers.close(),
  }
}

/** The task queues of this worker's job runs, with the isolation of the job types on each. */
function isolationsByQueue(config: Config, registry: JobTypeRegistry): Map<string, Isolation[]> {
  const { taskQueues } = installationNames(config.installation)
  const queues = new Map<string, Isolation[]>([[taskQueues.jobRuns, []]])
  for (const name of registry.names()) {
    const jobType = registry.get(name)
    if (jobType === undefined) continue
    const queue =
      jobType.taskQueue === undefined ? taskQueues.jobRuns : taskQueues.ofJobType(jobType.taskQueue)
    const shared = config.isolation === 'process' ? 'process' : 'shared'
    // Where nothing is apart, a job type's own wish is not heard.
    const isolation = config.isolation === 'none' ? 'shared' : (jobType.isolation ?? shared)
    queues.set(queue, [...(queues.get(queue) ?? []), isolation])
  }
  return queues
}
