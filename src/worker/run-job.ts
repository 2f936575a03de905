import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { createTickRuns } from '../activities/backfill/temporal-tick-runs.ts'
import { createActivities, type PipelineActivities } from '../activities/index.ts'
import { createLimits } from '../activities/limits/temporal-limits.ts'
import { createLooks } from '../activities/looks.ts'
import { createNestedRuns } from '../activities/nested/temporal-nested-runs.ts'
import { createPollers } from '../activities/pollers.ts'
import { createPresence } from '../activities/presence.ts'
import { recoverWaits } from '../activities/recover-waits.ts'
import { createSchedules } from '../activities/schedules/temporal-schedules.ts'
import { keepSweepingOwn } from '../activities/sweep/own-workflows.ts'
import { createExecutions } from '../activities/temporal-executions.ts'
import { createWaits } from '../activities/temporal-waits.ts'
import { JobwrightError } from '../base/errors.ts'
import { heartbeatIntervalMs } from '../base/heartbeat.ts'
import { activityTypes, installationNames, runJobNames } from '../contract/names.ts'
import { type Connections, connectionProblem, connectionSettings, type Secrets } from '../job-types/index.ts'
import { connectionsOf } from './connections.ts'
import { createSecretKeeper, type EarlierSecrets } from './secret-keeper.ts'

/** Where a worker says what is worth knowing; pino fits. */
export interface WorkerLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface JobwrightActivitiesOptions {
  /** The Jobs APIs that `runJob` can name; `default` is the one that it takes when it names none. */
  connections: Connections
  /** Values for `secret('NAME')`, for servers that do not fill them in themselves. */
  secrets?: Secrets
  /** Of the worker, if its options have one. @default `PID@HOST`, as Temporal's is */
  identity?: string
  /** @default warnings as lines of JSON on stderr */
  log?: WorkerLog
  /** How long one request may take. @default 10 s */
  requestTimeoutMs?: number
  /** A worker that is not heard of for twice as long is taken for lost, and its waits move to others. @default 1 s */
  presenceHeartbeatMs?: number
}

/** Activities by their names, to be spread among a worker's; what closes them is not one. */
export type JobwrightActivities = Record<`jobwright.${string}`, (...args: never[]) => Promise<unknown>> &
  AsyncDisposable & {
    /**
     * To be called when the worker has ended: what waits here is taken up by other workers at once. Without it they find out by
     * themselves, within seconds; and with none, the next worker does.
     */
    close(): Promise<void>
  }

/** What `runJob` does of a worker's activities. Neither the sweep nor the feed is theirs. */
const names = [
  'profileConnection',
  'triggerJobRun',
  'awaitJobRun',
  'cancelJobRun',
  'readOutputs',
  'createJob',
  'postJobRun',
  'findJobRuns',
  'pollJobRun',
  'sendCancel',
  'deleteJob',
  'confirmJobRun',
  'holdPresence',
] as const satisfies readonly (keyof PipelineActivities)[]

type Own = Pick<PipelineActivities, (typeof names)[number]>

/**
 * The activities that `runJob` (`jobwright/workflow`) runs on, for a worker of your own. They take Temporal from the worker that they
 * run on.
 * @throws JobwrightError `bad_connections`
 *
 * @example
 * ```ts
 * import { Worker } from '@temporalio/worker'
 * import { jobwrightActivities } from 'jobwright/worker'
 *
 * const jobs = jobwrightActivities({
 *   connections: { default: { url: 'http://127.0.0.1:8300/api/v1', token: process.env.JOBS_API_TOKEN ?? '' } },
 * })
 * const worker = await Worker.create({
 *   taskQueue: 'nightly',
 *   workflowsPath: new URL('./workflows.js', import.meta.url).pathname,
 *   activities: { ...jobs },
 * })
 * await worker.run()
 * await jobs.close()
 * ```
 */
export function jobwrightActivities(options: JobwrightActivitiesOptions): JobwrightActivities {
  checkConnections(options.connections)
  const queues = new Map<string, ReturnType<typeof assemble>>()
  const here = () => {
    const { info, client } = Context.current()
    const place = `${info.namespace}\n${info.taskQueue}`
    const found = queues.get(place) ?? assemble(options, client, info)
    queues.set(place, found)
    return found.activities
  }
  const close = async () => {
    await Promise.all([...queues.values()].map(({ handOver }) => handOver()))
  }
  const activities = Object.fromEntries(
    names.map((name) => [
      `${runJobNames.activityPrefix}${name}`,
      // The input is that of the activity of the same name.
      (input: never) => here()[name](input),
    ]),
  )
  // Not enumerable: what is spread is activities only.
  Object.defineProperty(activities, 'close', { value: close })
  Object.defineProperty(activities, Symbol.asyncDispose, { value: close })
  return activities as unknown as JobwrightActivities
}

function checkConnections(connections: Connections): void {
  const bad = (message: string) =>
    new JobwrightError({
      code: 'bad_connections',
      fault: 'usage',
      message: `jobwrightActivities: ${message}`,
    })
  if (typeof connections !== 'object' || connections === null || Object.keys(connections).length === 0)
    throw bad(
      "has no `connections`; expected { default: { url: 'https://…/api/v1', token: text or function } }",
    )
  for (const [name, connection] of Object.entries(connections)) {
    const problem = connectionProblem(connection)
    if (problem !== undefined) throw bad(`connection ${name} ${problem}`)
  }
}

function assemble(
  options: JobwrightActivitiesOptions,
  client: Client,
  { namespace, taskQueue }: { namespace: string; taskQueue: string },
): { activities: Own; handOver(): Promise<void> } {
  const { secrets = {}, log = stderrLog, requestTimeoutMs = 10_000, presenceHeartbeatMs = 1_000 } = options
  const { identity = `${process.pid}@${hostname()}` } = options
  const life = randomBytes(6).toString('hex')
  const settings = Object.entries(options.connections).map(
    ([name, one]) => [name, connectionSettings(one)] as const,
  )
  const connections = connectionsOf(Object.fromEntries(settings), requestTimeoutMs)
  const connection = (name: string) => connections.get(name)
  const installation = installationNames()
  const waits = {
    ...createWaits(client, { heartbeatMs: presenceHeartbeatMs, names: installation }),
    // Whoever follows a feed for others does so with a token of their own: waits here are looked after here.
    ensureWatcher: () => Promise.resolve(),
  }
  const presence = createPresence(client, {
    // In a container processes that follow each other call themselves the same.
    identity: `${identity}/${life}`,
    activityId: installation.presenceActivityId(life),
    taskQueue,
    activityType: `${runJobNames.activityPrefix}${activityTypes.holdPresence}`,
    heartbeatMs: presenceHeartbeatMs,
    log,
  })
  // Not with the first wait: one that it got and was killed before it could show itself would be missed by nobody.
  void presence.begin()
  const pollers = createPollers({ connection, waits, presence, log })
  const earlierSecrets: EarlierSecrets = new Map()
  const deps = {
    namespace,
    connection,
    waits,
    pollers,
    looks: createLooks(),
    presence,
    closedRuns: {
      since: noRuns,
      remainsOf: () => Promise.resolve(undefined),
      tellFailed: () => Promise.resolve(),
    },
    executions: createExecutions(client),
    nestedRuns: createNestedRuns(client),
    tickRuns: createTickRuns(client, installationNames(), createSchedules(client)),
    schedules: createSchedules(client),
    limits: createLimits(client, installation),
    sweep: 'off' as const,
    log,
    async recoverWaits(lost: string) {
      const workflows = `TaskQueue = '${taskQueue}'`
      const waitTypes = ['pollJobRun', 'awaitJobRun'].map((name) => `${runJobNames.activityPrefix}${name}`)
      const found = await recoverWaits(
        { client, waits, workflows, waitTypes },
        lost.slice(0, lost.lastIndexOf('/')),
      )
      log.warn({ lost, waits: found }, 'a worker is gone; what it had is taken up by others')
    },
    secretKeeper: () => createSecretKeeper(secrets, earlierSecrets),
    heartbeatIntervalMs,
  }
  const all = createActivities(deps)
  const stopSweeping = keepSweepingOwn({ client, namespace, taskQueue, connection, log })
  return {
    activities: { ...all, awaitJobRun: (input) => all.pollJobRun({ ...input, createdAt: '', secrets: [] }) },
    handOver() {
      stopSweeping()
      return pollers.handOver()
    },
  }
}

async function* noRuns(): AsyncGenerator<never> {}

const stderrLog: WorkerLog = {
  info() {},
  warn: (fields, message) => {
    process.stderr.write(`${JSON.stringify({ level: 'warn', message, ...fields })}\n`)
  },
}
