import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { type ActivityInboundCallsInterceptor, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { type Logger, pino } from 'pino'
import { tellOfPredecessors } from './activities/presence.ts'
import type { Presence } from './activities/waits.ts'
import { atMost } from './base/abort.ts'
import { messageOf } from './base/causes.ts'
import { describeFailure, toFailure } from './base/failure.ts'
import { endWithTerminal } from './base/hangup.ts'
import { surviveLostReaders } from './base/standard-streams.ts'
import { builtInJobTypes } from './built-in/index.ts'
import { type Config, keepProxiesFromLoopback, loadConfig } from './config.ts'
import { activityTypes, installationNames, workerIdentity } from './contract/names.ts'
import { createRegistry, loadUserConfig } from './job-types/index.ts'
import {
  connectTemporal,
  dataConverter,
  endpointOptions,
  ensureSearchAttributes,
  ensureSweepSchedule,
  packing,
  registrationCommands,
  removeSweepSchedule,
  requireStandaloneActivities,
  TemporalUnreachableError,
} from './temporal/index.ts'
import { jobRunWorkers } from './worker/job-runs.ts'
import { notificationWorker } from './worker/notifications.ts'
import { pipelineWorker } from './worker/pipelines.ts'
import { runtimeOptions, runUntilStopped, surviveForgottenPromises } from './worker/process.ts'
import { workflowSources } from './worker/workflow-sources.ts'

/** Composition root of a worker process: pipelines, and the job runs of our own server where it is told of one. */
async function main(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel }, logDestination)
  const temporal = { ...config.temporal, address: config.temporal.address ?? '127.0.0.1:7233' }
  Runtime.install(runtimeOptions(log))
  // Beside each other, as somebody waits for this worker. What fails is told in this order.
  const connecting = connectTemporal(temporal)
  const connectingToo = begun(NativeConnection.connect(endpointOptions(temporal)))
  const loading = begun(loadUserConfig(config.configFile, process.cwd()))
  const client = packing(await connecting)
  const prepared = begun(
    Promise.all([requireStandaloneActivities(client), registerSearchAttributes(client, log)]),
  )
  const connection = await connectingToo.catch((error: unknown) => {
    throw new TemporalUnreachableError(temporal.address, error)
  })
  const user = await loading

  const registry = createRegistry([...builtInJobTypes, ...user.jobTypes])
  const jobRuns = jobRunWorkers(config, { registry, secrets: user.secrets, log })
  const ending = new AbortController()
  const admission = begun(jobRuns.admission(ending.signal))
  const life = randomBytes(6).toString('hex')
  const identity = workerIdentity({ pid: process.pid, host: hostname(), life }, config.server.url)
  const pipelines = pipelineWorker({ config, client, user, log, process: { life, identity } })
  const options = [
    { ...workflowCode(config.workflowBundle), ...pipelines.options },
    notificationWorker(config, user),
    ...jobRuns.options,
  ]
  if (config.workerName !== undefined) void missPredecessors(client, pipelines.presence, log)
  const interceptors = { activity: [() => ({ inbound: { execute: whilePresent(pipelines.presence) } })] }
  const common = { connection, namespace: temporal.namespace, identity, interceptors, dataConverter }
  const [workers] = await Promise.all([
    Promise.all(options.map((own) => Worker.create({ ...common, ...own }))),
    prepared,
    atMost(longestAdmissionMs, admission),
  ])
  surviveForgottenPromises(log)
  const sweeping = keepSweeping(client, config, log)
  await runUntilStopped(workers, log, () => pipelines.handOver(), admission)
  ending.abort()
  clearInterval(sweeping)
  await jobRuns.close()
  await pipelines.presence.end().catch(() => {})
  await connection.close()
  await client.connection.close()
}

/** A server that is away is asked on while this worker begins: it takes up what it can without it. */
const longestAdmissionMs = 300

/** Waited for later; what fails meanwhile is told then. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  return work
}

/** A worker that may not register them works all the same; starts that need them say so. */
async function registerSearchAttributes(client: Client, log: Logger): Promise<void> {
  try {
    const registered = await ensureSearchAttributes(client)
    if (registered.length > 0) log.info({ registered }, 'search attributes registered')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn(
      { reason },
      `the search attributes of pipeline runs cannot be registered; run ${registrationCommands(client.options.namespace)}`,
    )
  }
}

/** Those that were called as this one is have ended. */
async function missPredecessors(client: Client, presence: Presence, log: Logger): Promise<void> {
  try {
    const told = await tellOfPredecessors(client, presence)
    if (told > 0) log.info({ told }, 'an earlier process of this worker has ended')
  } catch (error) {
    log.warn(
      { error: messageOf(error) },
      'what an earlier process of this worker had goes on after its time-outs',
    )
  }
}

/** What the workflow `watchChanges` has: open for ever, and taken over after its own heartbeat time-out. */
const watcherActivityId = 'watch'

/** While an activity is here, others see that this process lives; a local one is a part of its workflow task. */
function whilePresent(presence: Presence): ActivityInboundCallsInterceptor['execute'] & {} {
  return (input, next) => {
    const { isLocal, activityType, activityId } = Context.current().info
    const isNone = isLocal || activityType === activityTypes.holdPresence
    // At rest, that is all there is to find.
    if (activityId === watcherActivityId) void presence.during(() => Promise.resolve())
    return isNone || activityId === watcherActivityId ? next(input) : presence.during(() => next(input))
  }
}

/** Somebody may delete it, and another worker may have been told something else. */
const sweepScheduleEveryMs = 10 * 60_000

/** Sees to the schedule of sweeps. A worker that may not do it works all the same. */
function keepSweeping(client: Client, { installation, sweep }: Config, log: Logger): NodeJS.Timeout {
  const names = installationNames(installation)
  const ensure = async () => {
    try {
      if (sweep === 'off') await removeSweepSchedule(client, names)
      else {
        const done = await ensureSweepSchedule(client, names, sweep)
        if (done !== 'unchanged')
          log.info({ schedule: names.sweeperId, mode: sweep }, `sweeps are scheduled: ${done}`)
      }
    } catch (error) {
      log.warn(
        { reason: messageOf(error), schedule: names.sweeperId },
        'sweeps cannot be scheduled: what a pipeline run leaves active when it is terminated is not cancelled',
      )
    }
  }
  void ensure()
  return setInterval(ensure, sweepScheduleEveryMs).unref()
}

/** What the build has bundled; in the repository the sources, which are bundled now. */
function workflowCode(given: string | undefined) {
  const bundle = given ?? fileURLToPath(new URL('./workflow-bundle.js', import.meta.url))
  if (given !== undefined || existsSync(bundle)) return { workflowBundle: { codePath: bundle } }
  const { workflowsPath, preloadModules } = workflowSources()
  return { workflowsPath, bundlerOptions: { preloadModules } }
}

const logDestination = pino.destination(2)
for (const stream of [process.stdout, process.stderr, logDestination]) surviveLostReaders(stream)
keepProxiesFromLoopback()
const end = endWithTerminal()
try {
  await main(loadConfig())
  end(0)
} catch (error) {
  const failure = toFailure(error)
  process.stderr.write(describeFailure('jobwright worker', failure))
  end(failure.exitCode)
}
