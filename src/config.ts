import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { loopbackExceptions, proxyVariables } from './base/loopback.ts'
import {
  badVariable,
  parseAddress,
  parseBounds,
  parseHeaders,
  parseTokens,
  parseUrl,
  parseWorkerToken,
} from './config-values.ts'
import { installationPattern, workerNamePattern } from './contract/names.ts'
import { sweepModes } from './contract/sweep.ts'

/** The only reader of the environment. Everything else receives values. */

const optionalText = z.string().optional()
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
const deletions = ['never', 'after_completion'] as const
const requestRate = 'a number above 0, at most 1000'
const sweeps = [...sweepModes, 'off'] as const
const isolations = ['shared', 'process', 'none'] as const

const wholeNumber = 'a whole number of milliseconds above 0'
const milliseconds = whole(wholeNumber, { min: 1, max: Number.MAX_SAFE_INTEGER })

const wholeCount = 'a whole number from 1 to 10000'

const installationName = 'a name of at most 40 lower-case letters, digits and hyphens, such as staging'

const workerName =
  'a name of at most 100 letters, digits, dots, hyphens and underscores, such as that of a pod'

const portRange = 'a port from 0 to 65535'

/** In decimal digits alone: `Number` would take `1e3`, `0x10` and spaces, too, which nobody means to write. */
function written(pattern: RegExp, expected: string) {
  return z.string().regex(pattern, { error: expected, abort: true }).transform(Number)
}

function whole(expected: string, { min, max }: { min: number; max: number }) {
  return written(/^\d+$/, expected).pipe(
    z.number(expected).int(expected).min(min, expected).max(max, expected),
  )
}

/** Every variable that is read. The messages say what was expected. What can be wrong here is no secret, so what was found is told, too. */
export const environmentSchema = z.object({
  TEMPORAL_ADDRESS: optionalText,
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_API_KEY: optionalText,
  TEMPORAL_TLS: z.stringbool('true or false').optional(),
  TEMPORAL_TLS_SERVER_NAME: optionalText,
  TEMPORAL_TLS_CLIENT_CERT_PATH: optionalText,
  TEMPORAL_TLS_CLIENT_KEY_PATH: optionalText,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: optionalText,
  JOBS_API_URL: optionalText,
  JOBS_API_TOKEN: optionalText,
  JOBS_API_HEADERS: optionalText,
  JOBS_API_DELIVERY: optionalText,
  JOBS_API_LISTING: optionalText,
  JOBS_API_REQUESTS_PER_SECOND: written(/^\d+(\.\d+)?$/, requestRate)
    .pipe(z.number(requestRate).positive(requestRate).max(1_000, requestRate))
    .optional(),
  JOBS_API_DELETE_JOBS: z.enum(deletions, `one of ${deletions.join(', ')}`).default('never'),
  DATABASE_URL: optionalText,
  JOBWRIGHT_URL: optionalText,
  JOBWRIGHT_WORKER_TOKEN: optionalText,
  JOBWRIGHT_DATA_DIR: z.string().default('.jobwright'),
  JOBWRIGHT_PORT: whole(portRange, { min: 0, max: 65_535 }).default(8300),
  JOBWRIGHT_HOST: z.string().default('127.0.0.1'),
  JOBWRIGHT_TOKENS: optionalText,
  JOBWRIGHT_PLAIN: z.stringbool('true or false').default(false),
  JOBWRIGHT_CONFIG: optionalText,
  JOBWRIGHT_LOG_LEVEL: z.enum(logLevels, `one of ${logLevels.join(', ')}`).default('info'),
  JOBWRIGHT_INSTALLATION: z.string().regex(installationPattern, installationName).optional(),
  JOBWRIGHT_MAX_JOB_RUNS: whole(wholeCount, { min: 1, max: 10_000 }).optional(),
  JOBWRIGHT_WORKER_NAME: z.string().regex(workerNamePattern, workerName).optional(),
  JOBWRIGHT_ISOLATION: z.enum(isolations, `one of ${isolations.join(', ')}`).default('shared'),
  JOBWRIGHT_SWEEP: z.enum(sweeps, `one of ${sweeps.join(', ')}`).default('cancel'),
  JOBWRIGHT_TEMPORAL_BINARY: optionalText,
  JOBWRIGHT_WORKFLOW_BUNDLE: optionalText,
  XDG_CACHE_HOME: optionalText,
  // How patient the durable parts are. Tests and the impatient shorten them.
  JOBWRIGHT_WAIT_LEASE_MS: milliseconds.optional(),
  JOBWRIGHT_STEP_HEARTBEAT_MS: milliseconds.optional(),
  JOBWRIGHT_CLEANUP_MS: milliseconds.optional(),
  JOBWRIGHT_SETTLE_MS: milliseconds.optional(),
  JOBWRIGHT_WATCHER_HEARTBEAT_MS: milliseconds.default(3_000),
  JOBWRIGHT_RUN_HEARTBEAT_MS: milliseconds.default(10_000),
  JOBWRIGHT_PRESENCE_HEARTBEAT_MS: milliseconds.default(1_000),
  JOBWRIGHT_STICKY_QUEUE_MS: milliseconds.default(1_000),
  JOBWRIGHT_RECONCILE_MS: milliseconds.default(10_000),
  JOBWRIGHT_REQUEST_TIMEOUT_MS: milliseconds.default(10_000),
  JOBWRIGHT_SHUTDOWN_GRACE_MS: milliseconds.default(10_000),
})

/** What the environment says of terminals. An empty variable counts as unset. */
export interface TerminalHints {
  /** What the user wants; undefined: as the terminal can. */
  color: boolean | undefined
  /** It prints what it gets, and can do nothing else. */
  isDumb: boolean
  /** Nobody watches; what is printed is kept as a log. */
  isAutomated: boolean
}

/** FORCE_COLOR before NO_COLOR, as in Node.js. */
export function terminalHints(
  env: Readonly<Record<string, string | undefined>> = process.env,
): TerminalHints {
  const no = (value: string | undefined) => value === '0' || value?.toLowerCase() === 'false'
  const forced = env.FORCE_COLOR ? !no(env.FORCE_COLOR) : undefined
  return {
    color: forced ?? (env.NO_COLOR ? false : undefined),
    isDumb: env.TERM === 'dumb',
    isAutomated: Boolean(env.CI) && !no(env.CI),
  }
}

/** What child processes inherit: every variable that is set and not empty. */
export function inheritedEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
}

/** From now on this process, and those that it starts, are in UTC. */
export function showUtc(): void {
  process.env.TZ = 'UTC'
}

/** From now on this process, and those that it starts, serve the reference alone. */
export function servePlain(): void {
  process.env.JOBWRIGHT_PLAIN = 'true'
}

/**
 * Proxies are for the world outside: what is started on this machine is never asked through one, neither by this process
 * nor by those that it starts. Each process calls it first of all.
 */
export function keepProxiesFromLoopback(env: Record<string, string | undefined> = process.env): void {
  const exceptions = loopbackExceptions(env)
  Object.assign(env, exceptions)
  const followsProxies =
    env.NODE_USE_ENV_PROXY === '1' ||
    [...process.execArgv, env.NODE_OPTIONS ?? ''].some((option) => option.includes('--use-env-proxy'))
  // Node.js has read them already.
  if (followsProxies && Object.keys(exceptions).length > 0) http.setGlobalProxyFromEnv(env)
}

/**
 * Reads the environment once. An empty variable counts as unset.
 * @throws JobwrightError `bad_environment`, naming a variable that cannot be used, or several
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env) {
  const present = inheritedEnvironment(env)
  const parsed = environmentSchema.safeParse(present)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path: [name = ''], message }) => {
      return `${String(name)}: found ${JSON.stringify(present[String(name)])}, expected ${message}`
    })
    throw badVariable(problems.join('\n'))
  }
  const e = parsed.data
  return Object.freeze({
    temporal: {
      address: parseAddress('TEMPORAL_ADDRESS', e.TEMPORAL_ADDRESS),
      namespace: e.TEMPORAL_NAMESPACE,
      apiKey: e.TEMPORAL_API_KEY,
      tls: e.TEMPORAL_TLS,
      tlsServerName: e.TEMPORAL_TLS_SERVER_NAME,
      tlsClientCertPath: e.TEMPORAL_TLS_CLIENT_CERT_PATH,
      tlsClientKeyPath: e.TEMPORAL_TLS_CLIENT_KEY_PATH,
      tlsServerCaCertPath: e.TEMPORAL_TLS_SERVER_CA_CERT_PATH,
      binary: e.JOBWRIGHT_TEMPORAL_BINARY,
    },
    /** The default connection of pipelines. */
    jobsApi: {
      url: parseUrl('JOBS_API_URL', e.JOBS_API_URL),
      token: e.JOBS_API_TOKEN,
      headers: parseHeaders('JOBS_API_HEADERS', e.JOBS_API_HEADERS),
      bounds: parseBounds(e.JOBS_API_DELIVERY, e.JOBS_API_LISTING),
      requestsPerSecond: e.JOBS_API_REQUESTS_PER_SECOND,
      deleteJobs: e.JOBS_API_DELETE_JOBS,
    },
    /** Where a worker reports the runs of our server; without `/api/v1`. */
    server: {
      url: parseUrl('JOBWRIGHT_URL', e.JOBWRIGHT_URL),
      workerToken: parseWorkerToken(e.JOBWRIGHT_WORKER_TOKEN),
    },
    databaseUrl: e.DATABASE_URL,
    dataDir: path.resolve(e.JOBWRIGHT_DATA_DIR),
    /** Where what can be fetched again is kept, below `jobwright/`. */
    cacheDir: e.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'),
    /** What child processes inherit. A function, so that a config that is printed holds no stranger's secret. */
    inheritedEnvironment: () => present,
    /** Names of the variables that name proxies. */
    proxyVariables: proxyVariables(present),
    host: e.JOBWRIGHT_HOST,
    port: e.JOBWRIGHT_PORT,
    tokens: parseTokens(e.JOBWRIGHT_TOKENS),
    /** Whether the server is one of the reference alone. */
    plain: e.JOBWRIGHT_PLAIN,
    /** Workflow code that was bundled before; undefined: what the build has, or in the repository the sources. */
    workflowBundle: e.JOBWRIGHT_WORKFLOW_BUNDLE,
    /** A user's `jobwright.config.ts`; undefined: the one in the working directory, if any. */
    configFile: e.JOBWRIGHT_CONFIG,
    logLevel: e.JOBWRIGHT_LOG_LEVEL,
    /** Which of several in one Temporal namespace this is; undefined where nobody says. */
    installation: e.JOBWRIGHT_INSTALLATION,
    /** What this worker is called: no two processes of the same name live at a time. undefined where nobody sees to that. */
    workerName: e.JOBWRIGHT_WORKER_NAME,
    /** Where handlers run: in one process that they share, in one each, or in the worker itself. */
    isolation: e.JOBWRIGHT_ISOLATION,
    /** How many handlers of a task queue run at a time on this worker; undefined: as many as its memory is for. */
    maxJobRuns: e.JOBWRIGHT_MAX_JOB_RUNS,
    /** What becomes of job runs that a pipeline run left active when it was closed from outside. */
    sweep: e.JOBWRIGHT_SWEEP,
    timing: {
      /** Of pipeline runs; they have defaults of their own. */
      waitLeaseMs: e.JOBWRIGHT_WAIT_LEASE_MS,
      stepHeartbeatMs: e.JOBWRIGHT_STEP_HEARTBEAT_MS,
      cleanupMs: e.JOBWRIGHT_CLEANUP_MS,
      settleMs: e.JOBWRIGHT_SETTLE_MS,
      watcherHeartbeatMs: e.JOBWRIGHT_WATCHER_HEARTBEAT_MS,
      runHeartbeatMs: e.JOBWRIGHT_RUN_HEARTBEAT_MS,
      presenceHeartbeatMs: e.JOBWRIGHT_PRESENCE_HEARTBEAT_MS,
      stickyQueueMs: e.JOBWRIGHT_STICKY_QUEUE_MS,
      reconcileMs: e.JOBWRIGHT_RECONCILE_MS,
      requestTimeoutMs: e.JOBWRIGHT_REQUEST_TIMEOUT_MS,
      /** How long handlers may go on after a worker was told to stop. */
      shutdownGraceMs: e.JOBWRIGHT_SHUTDOWN_GRACE_MS,
    },
  })
}

export type Config = ReturnType<typeof loadConfig>
