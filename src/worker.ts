import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import { type Logger, pino } from 'pino'
import { createActivities } from './activities/index.ts'
import { JobsClient, type JobsClientOptions, WorkerReportsClient } from './client/index.ts'
import { type Config, loadConfig } from './config.ts'
import { jobRunHeader } from './contract/index.ts'
import { builtInJobTypes, createExecuteJobRun, createRegistry, loadUserConfig } from './job-types/index.ts'
import {
  connectionOptions,
  connectTemporal,
  createWaits,
  requireStandaloneActivities,
  taskQueues,
} from './temporal/index.ts'

/** Composition root of a worker process: pipelines, and the job runs of our own server where it is told of one. */
async function main(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel }, pino.destination(2))
  const temporal = { ...config.temporal, address: config.temporal.address ?? '127.0.0.1:7233' }
  Runtime.install({ shutdownSignals: [], logger: temporalLogger(log) })
  const client = await connectTemporal(temporal)
  await requireStandaloneActivities(client)
  const connection = await NativeConnection.connect(connectionOptions(temporal))
  const user = await loadUserConfig(config.configFile, process.cwd())

  const common = { connection, namespace: temporal.namespace }
  const workers = [await Worker.create({ ...common, ...pipelineWorker(config, client, user.connections) })]
  const jobTypes = createRegistry([...builtInJobTypes, ...user.jobTypes])
  const queues = new Set([
    taskQueues.jobRuns,
    ...jobTypes.names().flatMap((name) => jobTypes.get(name)?.taskQueue ?? []),
  ])
  const server = config.server
  if (server.url && server.workerToken) {
    const apiUrl = `${server.url}/api/v1`
    const options = { baseUrl: apiUrl, token: server.workerToken, timeoutMs: config.timing.requestTimeoutMs }
    const activities = createExecuteJobRun({
      reports: new WorkerReportsClient(options),
      registry: jobTypes,
      apiFor: (jobRunId) => new JobsClient({ ...options, headers: { [jobRunHeader]: jobRunId } }),
      secrets: user.secrets,
      heartbeatIntervalMs: Math.min(1_000, config.timing.runHeartbeatMs / 3),
      log,
    })
    for (const taskQueue of queues)
      workers.push(
        await Worker.create({
          ...common,
          taskQueue,
          activities,
          // A cancel reaches a handler by the answer to a heartbeat, so they must not be held back for long.
          maxHeartbeatThrottleInterval: 1_000,
          maxConcurrentActivityTaskExecutions: 100,
          shutdownGraceTime: config.timing.shutdownGraceMs,
        }),
      )
  } else {
    log.warn(
      'JOBWRIGHT_URL and JOBWRIGHT_WORKER_TOKEN are not both set: this worker runs pipelines, but no job runs',
    )
  }
  surviveForgottenPromises(log)
  await runUntilStopped(workers, log)
  await connection.close()
  await client.connection.close()
}

function pipelineWorker(
  config: Config,
  client: Awaited<ReturnType<typeof connectTemporal>>,
  connections: Readonly<Record<string, JobsClientOptions>>,
): Omit<WorkerOptions, 'connection' | 'namespace'> {
  const timeoutMs = config.timing.requestTimeoutMs
  const apis = new Map(
    Object.entries(connections).map(([name, options]) => [name, new JobsClient({ timeoutMs, ...options })]),
  )
  const { url, token } = config.jobsApi
  if (url && token) apis.set('default', new JobsClient({ baseUrl: url, token, timeoutMs }))
  const bundle = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url))
  return {
    taskQueue: taskQueues.pipelines,
    ...(existsSync(bundle)
      ? { workflowBundle: { codePath: bundle } }
      : { workflowsPath: fileURLToPath(new URL('./workflows', import.meta.url)) }),
    activities: createActivities({
      namespace: config.temporal.namespace,
      connection: (name) => apis.get(name),
      waits: createWaits(client, { heartbeatMs: config.timing.watcherHeartbeatMs }),
      heartbeatIntervalMs: Math.min(
        1_000,
        config.timing.stepHeartbeatMs / 3,
        config.timing.watcherHeartbeatMs / 3,
      ),
    }),
    // Waits take no slot. More triggers at once than a Jobs API gets done within a request's timeout would only be sent again.
    maxConcurrentActivityTaskExecutions: 64,
    maxCachedWorkflows: 500,
    // After a kill the next workflow task waits this long for the worker that is gone.
    stickyQueueScheduleToStartTimeout: config.timing.stickyQueueMs,
    shutdownGraceTime: 500,
  }
}

/** The SDK's lines among ours, and no louder. */
function temporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    log[level === 'ERROR' ? 'error' : 'warn']({ sdk: meta }, message)
  })
}

/**
 * A promise that a handler forgot costs nobody else's runs: without this Node would end the process, and every run on
 * it be attempted again. Of the error only its name and place are logged, as its message may hold a secret.
 */
function surviveForgottenPromises(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    const { name, stack = '' } = reason instanceof Error ? reason : { name: typeof reason }
    const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
    log.error(
      { error: name, frames },
      'a promise was rejected and nobody awaits it; look for a missing await',
    )
  })
}

async function runUntilStopped(workers: Worker[], log: Logger): Promise<void> {
  let stopping = false
  const stop = (reason: string) => {
    if (stopping) return
    stopping = true
    log.info({ reason }, 'worker stops')
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  process.once('SIGTERM', () => stop('SIGTERM'))
  process.once('SIGINT', () => stop('SIGINT'))
  process.once('disconnect', () => stop('parent is gone'))
  const running = workers.map((worker) => worker.run())
  process.stdout.write(
    `${JSON.stringify({ event: 'ready', taskQueues: workers.map((worker) => worker.options.taskQueue) })}\n`,
  )
  try {
    await Promise.all(running)
  } finally {
    // One that failed must not leave the others polling.
    stop('a worker ended')
    await Promise.allSettled(running)
  }
}

/** 2 for what has to be written differently, 3 for a Temporal that is not there or will not do, 1 for the rest. */
function exitCodeOf(code: string): number {
  if (code === 'bad_environment' || code === 'bad_user_config') return 2
  return code.startsWith('temporal_') ? 3 : 1
}

try {
  await main(loadConfig())
  process.exit(0)
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const advice = code === 'temporal_unreachable' ? '. Start it, or correct TEMPORAL_ADDRESS' : ''
  process.stderr.write(
    `jobwright worker: ${error instanceof Error ? error.message : String(error)}${advice}\n`,
  )
  process.exit(exitCodeOf(code))
}
