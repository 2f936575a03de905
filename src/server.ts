import { type Logger, pino } from 'pino'
import { aborted } from './base/abort.ts'
import { describeFailure, toFailure } from './base/failure.ts'
import { endWithTerminal } from './base/hangup.ts'
import { surviveLostReaders } from './base/standard-streams.ts'
import { findVersion } from './base/version.ts'
import { builtInJobTypes } from './built-in/index.ts'
import { type Config, keepProxiesFromLoopback, loadConfig } from './config.ts'
import { basePath } from './contract/index.ts'
import { createRegistry, loadUserConfig } from './job-types/index.ts'
import { createApp } from './server/app.ts'
import { createDispatcher } from './server/dispatch/dispatcher.ts'
import { createReconciler } from './server/dispatch/reconciler.ts'
import { createRunExecutor } from './server/dispatch/temporal-executor.ts'
import { loggable } from './server/failures.ts'
import { listen } from './server/listen.ts'
import { createPipelineRuns } from './server/pipeline-runs/over-client.ts'
import type { JobStore } from './server/ports/index.ts'
import { withRunLog } from './server/run-log.ts'
import { createBackfills } from './server/schedules/backfills-over-client.ts'
import { createSchedules } from './server/schedules/over-client.ts'
import type { Load } from './server/services/admission.ts'
import { tokenHash } from './server/services/callers.ts'
import { openStore } from './server/store/index.ts'
import { lazyTemporalClient } from './temporal/index.ts'

/** Composition root of the Jobs API server. Temporal may be away when it starts, and may come and go. */
async function main(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel, serializers: { err: loggable } }, logDestination)
  // First of all: a parent that goes while the database opens must be noticed, too.
  const stopping = stopSignal(log)
  // A config file can take for ever to load, and nothing has to be put away yet.
  const user = await Promise.race([loadUserConfig(config.configFile, process.cwd()), aborted(stopping)])
  if (!user) return
  const registry = createRegistry([...builtInJobTypes, ...user.jobTypes])
  // A run is not asked about as soon as it is silent: most say more by themselves.
  const reportPatienceMs = 3 * config.timing.reconcileMs
  const location = config.databaseUrl ? { databaseUrl: config.databaseUrl } : { dataDir: config.dataDir }
  const store = withRunLog(await openStore({ ...location, reportPatienceMs }), log)
  const temporal = lazyTemporalClient({
    ...config.temporal,
    address: config.temporal.address ?? '127.0.0.1:7233',
  })
  try {
    await ensureTokens(store, config)
    if (config.tokens.length === 0)
      log.warn('JOBWRIGHT_TOKENS is not set: only tokens are taken that the database knows already')
    const onError = (error: unknown) => log.error({ err: error }, 'a request failed')
    const { installation, plain } = config
    const app = createApp({
      store,
      registry,
      pipelineRuns: createPipelineRuns(temporal, { installation, timing: config.timing }),
      schedules: createSchedules(temporal, { installation, timing: config.timing }),
      backfills: createBackfills(temporal, { installation, timing: config.timing }),
      version: findVersion(),
      installation,
      closing: stopping,
      plain,
      clientTimeoutMs: config.timing.requestTimeoutMs,
      onError,
      onLoad: logLoad(log),
    })
    if (plain) log.info('serves the reference alone: no extension of the Jobs API is there')
    const http = await listen(app, { host: config.host, port: config.port })
    process.stdout.write(`${JSON.stringify({ event: 'listening', url: http.url + basePath })}\n`)
    const executor = createRunExecutor(temporal, {
      heartbeatMs: config.timing.runHeartbeatMs,
      installation: config.installation,
      installationId: await store.installationId(),
    })
    const loops = [
      createDispatcher({ store, executor, log }),
      createReconciler({ store, executor, log, intervalMs: config.timing.reconcileMs }),
    ]
    const running = loops.map((loop) => loop.run(stopping))
    await Promise.race([aborted(stopping), ...running])
    await http.close()
    await Promise.all(running)
  } finally {
    await store.close()
    await temporal.connection.close()
  }
}

/** Once when it begins and once when it is over: what refuses thousands must not write a line for each. */
function logLoad(log: Logger): (load: Load) => void {
  return ({ refusing, ...load }) => {
    if (refusing) log.warn(load, 'more requests than can be answered in time: new work is told to come back')
    else log.info(load, 'requests are answered in time again')
  }
}

/** Aborted when the process is told to end, or its parent is gone. */
function stopSignal(log: Logger): AbortSignal {
  const stopping = new AbortController()
  const stop = (reason: string) => () => {
    if (!stopping.signal.aborted) log.info({ reason }, 'server stops')
    stopping.abort()
  }
  process.on('SIGTERM', stop('SIGTERM'))
  process.on('SIGINT', stop('SIGINT'))
  process.on('disconnect', stop('parent is gone'))
  return stopping.signal
}

async function ensureTokens(store: JobStore, config: Config): Promise<void> {
  for (const { workspace, email, token } of config.tokens)
    await store.tokens.ensure(tokenHash(token), { workspace, email, kind: 'user' })
  const { workerToken } = config.server
  if (workerToken)
    await store.tokens.ensure(tokenHash(workerToken), { workspace: '-', email: 'worker', kind: 'worker' })
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
  process.stderr.write(describeFailure('jobwright server', failure))
  end(failure.exitCode)
}
