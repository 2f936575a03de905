import type { WorkerOptions } from '@temporalio/worker'
import type { Logger } from 'pino'
import { createTickRuns } from '../activities/backfill/temporal-tick-runs.ts'
import { createActivities } from '../activities/index.ts'
import { createLimits } from '../activities/limits/temporal-limits.ts'
import { createLooks } from '../activities/looks.ts'
import { createNestedRuns } from '../activities/nested/temporal-nested-runs.ts'
import { createPollers } from '../activities/pollers.ts'
import { createPresence } from '../activities/presence.ts'
import { recoverAttempts } from '../activities/recover-attempts.ts'
import { recoverWaits } from '../activities/recover-waits.ts'
import { createSchedules } from '../activities/schedules/temporal-schedules.ts'
import { createClosedRuns } from '../activities/sweep/closed-runs.ts'
import { createExecutions } from '../activities/temporal-executions.ts'
import { createWaits } from '../activities/temporal-waits.ts'
import type { Presence } from '../activities/waits.ts'
import { heartbeatIntervalMs } from '../base/heartbeat.ts'
import type { Config } from '../config.ts'
import { installationNames } from '../contract/names.ts'
import type { LoadedUserConfig } from '../job-types/index.ts'
import type { connectTemporal } from '../temporal/index.ts'
import { createConnections } from './connections.ts'
import { createSecretKeeper, type EarlierSecrets } from './secret-keeper.ts'

/** A worker that is silent for less, also when it is asked, has its handlers still: its machine may have stood still. */
const slowMs = 5_000

export interface PipelineWorker {
  options: Omit<WorkerOptions, 'connection' | 'namespace'>
  presence: Presence
  /** Has what waits here taken up by other workers. */
  handOver(): Promise<void>
}

export interface PipelineWorkerOptions {
  config: Config
  client: Awaited<ReturnType<typeof connectTemporal>>
  user: Pick<LoadedUserConfig, 'connections' | 'secrets'>
  log: Logger
  /** What tells this process from all others, and how its workers call themselves in Temporal. */
  process: { life: string; identity: string }
}

/** The worker that runs pipelines: their workflows, and the activities over every named Jobs API. */
export function pipelineWorker({
  config,
  client,
  user,
  log,
  process,
}: PipelineWorkerOptions): PipelineWorker {
  const names = installationNames(config.installation)
  const connections = createConnections(config, user.connections)
  const waits = createWaits(client, { heartbeatMs: config.timing.watcherHeartbeatMs, names })
  const earlierSecrets: EarlierSecrets = new Map()
  const connection = (name: string) => connections.get(name)
  const { presenceHeartbeatMs: heartbeatMs } = config.timing
  const presence = createPresence(client, {
    identity: process.identity,
    activityId: names.presenceActivityId(process.life, config.workerName),
    predecessors: config.workerName && names.presenceActivityId('', config.workerName),
    taskQueue: names.taskQueues.pipelines,
    heartbeatMs,
    log,
  })
  const pollers = createPollers({ connection, waits, presence, log })
  async function recover(identity: string, isCertain: boolean) {
    const { pipelines, notifications } = names.taskQueues
    const workflows = `TaskQueue IN ('${pipelines}', '${notifications}')`
    // The feed is only read there: two at a time do no harm.
    const waitTypes = ['pollJobRun', 'watchFeed', 'watchWaits']
    const [waiting, attempts] = await Promise.all([
      recoverWaits({ client, waits, workflows, waitTypes, alsoWork: isCertain }, identity),
      recoverAttempts({ client, identity, silenceMs: isCertain ? 0 : slowMs }),
    ])
    return { waits: waiting, attempts }
  }
  const options = {
    taskQueue: names.taskQueues.pipelines,
    activities: createActivities({
      namespace: config.temporal.namespace,
      connection,
      waits,
      pollers,
      looks: createLooks(),
      presence,
      closedRuns: createClosedRuns(client, names),
      executions: createExecutions(client),
      nestedRuns: createNestedRuns(client),
      tickRuns: createTickRuns(client, names, createSchedules(client)),
      schedules: createSchedules(client),
      limits: createLimits(client, names),
      sweep: config.sweep,
      log,
      async recoverWaits(lost, isCertain) {
        const sinceMs = performance.now()
        const found = await recover(lost, isCertain)
        const tookMs = Math.round(performance.now() - sinceMs)
        log.warn({ lost, ...found, tookMs }, 'a worker is gone; what it had is taken up by others')
      },
      secretKeeper: () => createSecretKeeper(user.secrets, earlierSecrets),
      heartbeatIntervalMs,
    }),
    // Waits take no slot. More triggers at once than a Jobs API gets done within a request's timeout would only be sent again.
    maxConcurrentActivityTaskExecutions: 64,
    // A workflow task that triggers holds its slot while it looks, a quarter of a second at most; and one thread does the work of all of
    // them, within the time of each. The others wait at Temporal, where that time does not pass.
    maxConcurrentWorkflowTaskExecutions: 24,
    maxConcurrentLocalActivityExecutions: 500,
    workflowTaskPollerBehavior: { type: 'autoscaling', initial: 5, maximum: 50 } as const,
    activityTaskPollerBehavior: { type: 'autoscaling', initial: 5, maximum: 50 } as const,
    maxCachedWorkflows: 500,
    // After a kill the next workflow task waits this long for the worker that is gone.
    stickyQueueScheduleToStartTimeout: config.timing.stickyQueueMs,
    shutdownGraceTime: 500,
  }
  return { options, presence, handOver: () => pollers.handOver() }
}
