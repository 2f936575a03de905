import type { WorkerOptions } from '@temporalio/worker'
import { createActivities } from '../activities/index.ts'
import { createWaits } from '../activities/temporal-waits.ts'
import { heartbeatIntervalMs } from '../base/heartbeat.ts'
import { JobsClient, type JobsClientOptions } from '../client/index.ts'
import type { Config } from '../config.ts'
import { installationNames } from '../contract/names.ts'
import type { connectTemporal } from '../temporal/index.ts'

/** Options of the worker that runs pipelines: their workflows, and the activities over every named Jobs API. */
export function pipelineWorker(
  config: Config,
  client: Awaited<ReturnType<typeof connectTemporal>>,
  connections: Readonly<Record<string, JobsClientOptions>>,
): Omit<WorkerOptions, 'connection' | 'namespace'> {
  const names = installationNames(config.installation)
  const timeoutMs = config.timing.requestTimeoutMs
  const apis = new Map(
    Object.entries(connections).map(([name, options]) => [name, new JobsClient({ timeoutMs, ...options })]),
  )
  const { url, token } = config.jobsApi
  if (url && token) apis.set('default', new JobsClient({ baseUrl: url, token, timeoutMs }))
  return {
    taskQueue: names.taskQueues.pipelines,
    activities: createActivities({
      namespace: config.temporal.namespace,
      connection: (name) => apis.get(name),
      waits: createWaits(client, { heartbeatMs: config.timing.watcherHeartbeatMs, names }),
      heartbeatIntervalMs,
    }),
    // Waits take no slot. More triggers at once than a Jobs API gets done within a request's timeout would only be sent again.
    maxConcurrentActivityTaskExecutions: 64,
    maxCachedWorkflows: 500,
    // After a kill the next workflow task waits this long for the worker that is gone.
    stickyQueueScheduleToStartTimeout: config.timing.stickyQueueMs,
    shutdownGraceTime: 500,
  }
}
