import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { JobsClient } from '../../src/client/index.ts'
import {
  acquireTemporalBinary,
  devServerCommand,
  findFreePort,
  findSetpriv,
  waitForTemporalServer,
} from '../../src/dev-stack/temporal-cli/dev-server.ts'
import type { PipelinePlan } from '../../src/pipeline/plan/index.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import { connectTemporal } from '../../src/temporal/index.ts'
import { makeDataFolder, removeDataFolder } from './data-folder.ts'
import { placePglite } from './pglite.ts'
import { startPostgres } from './postgres.ts'
import { startProcess, type TestProcess, together } from './processes.ts'
import { workflowBundle } from './workflow-bundle.ts'

export type Part = 'temporal' | 'server' | 'worker'
const parts: readonly Part[] = ['temporal', 'server', 'worker']

/** Below the time that hooks have: once one is given up, nobody ends what it started. */
const defaultStartTimeoutMs = 45_000

/** A worker that stands still for a while is none that does not answer. */
export const patientQueryMs = 30_000

/** Leases and time-outs short, so that recovery takes seconds; the order of their sizes is that of production. */
const shortTimings = {
  JOBWRIGHT_STEP_HEARTBEAT_MS: '2000',
  JOBWRIGHT_RUN_HEARTBEAT_MS: '2000',
  JOBWRIGHT_WATCHER_HEARTBEAT_MS: '2000',
  JOBWRIGHT_STICKY_QUEUE_MS: '1000',
  JOBWRIGHT_RECONCILE_MS: '1000',
  JOBWRIGHT_SHUTDOWN_GRACE_MS: '500',
}

export interface TestStack {
  readonly dataDir: string
  readonly api: JobsClient
  readonly apiUrl: string
  readonly token: string
  readonly temporalAddress: string
  readonly client: Client
  readonly pipelines: PipelinesClient
  /** What the CLI finds in its environment. */
  readonly env: Record<string, string>
  start(...which: Part[]): Promise<void>
  kill(...which: Part[]): Promise<void>
  /** As a deploy does: tells it to stop, and waits. */
  shutDown(part: Part): Promise<void>
  stderr(part: Part): string
  pid(part: Part): number
  runPlan(plan: PipelinePlan, inputs?: Record<string, never>): Promise<string>
  /** Ends everything and removes the data. */
  stop(): Promise<void>
}

export interface TestStackOptions {
  configFile?: string
  env?: Record<string, string>
  /** PostgreSQL starts and answers at half the cost: for tests that neither kill the server nor ask about its data. @default 'pglite' */
  database?: 'pglite' | 'postgres'
  /** Of another stack's Temporal; then this one has none of its own. */
  temporalAddress?: string
  /** What is started at once. @default everything */
  parts?: Part[]
  waitLeaseMs?: number
  /** @default 45 s */
  startTimeoutMs?: number
  maxHistoryEvents?: number
  settleMs?: number
  /** A program that is started, killed and stopped together with the worker. */
  besideWorker?: string
}

/** The whole stack as separate real processes, on free ports and data of its own, each to be killed and restarted alone. */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  const dataDir = makeDataFolder('test')
  const { path: binary } = await acquireTemporalBinary({
    cacheDir: process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
  })
  const setpriv = await findSetpriv()
  const [temporalPort, apiPort] = [await findFreePort(), await findFreePort()]
  const temporalAddress = options.temporalAddress ?? `127.0.0.1:${temporalPort}`
  const serverUrl = options.env?.['JOBWRIGHT_URL'] || `http://127.0.0.1:${apiPort}`
  const token = 'test-token-of-a-developer'
  const postgres = options.database === 'postgres' ? await startPostgres() : undefined
  const waitLeaseMs = options.waitLeaseMs ?? 6 * 60 * 60_000
  const env: Record<string, string> = {
    ...shortTimings,
    JOBWRIGHT_WAIT_LEASE_MS: String(waitLeaseMs),
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: 'default',
    JOBWRIGHT_DATA_DIR: dataDir,
    JOBWRIGHT_PORT: String(apiPort),
    JOBWRIGHT_URL: serverUrl,
    JOBWRIGHT_TOKENS: `default/dev@localhost=${token}`,
    JOBWRIGHT_WORKER_TOKEN: 'test-token-of-a-worker',
    JOBWRIGHT_LOG_LEVEL: 'warn',
    JOBWRIGHT_WORKFLOW_BUNDLE: await workflowBundle(),
    JOBS_API_URL: `${serverUrl}/api/v1`,
    JOBS_API_TOKEN: token,
    ...(options.configFile ? { JOBWRIGHT_CONFIG: options.configFile } : {}),
    ...(postgres ? { DATABASE_URL: await postgres.createDatabase() } : {}),
    ...options.env,
  }
  const running = new Map<Part, TestProcess>()
  const root = (name: string) => fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url))

  /** Its process is in `running` at once, so that whoever gives up finds it. */
  async function startPart(part: Part): Promise<void> {
    if (part === 'temporal') {
      const { command, args } = devServerCommand({
        binary,
        dbFile: path.join(dataDir, 'temporal.db'),
        port: temporalPort,
        namespace: 'default',
        setpriv,
      })
      const child = startProcess(command, args, {})
      running.set(part, child)
      const ended = new AbortController()
      child.child.once('exit', () => ended.abort(new Error(`Temporal ended: ${child.stderr()}`)))
      await waitForTemporalServer({ address: temporalAddress, namespace: 'default', signal: ended.signal })
      return
    }
    const beside = part === 'worker' ? [options.besideWorker ?? []].flat() : []
    const child = together([root(part), ...beside].map((file) => startProcess(process.execPath, [file], env)))
    running.set(part, child)
    await child.event(part === 'server' ? 'listening' : 'ready')
  }

  const kill = async (...which: Part[]) => {
    await Promise.all(which.map((part) => running.get(part)?.kill()))
  }
  /** Of the first start, with everything that it starts. */
  const late = AbortSignal.timeout(options.startTimeoutMs ?? defaultStartTimeoutMs)
  const startAll = async (which: readonly Part[]) => {
    const tooLate = new Promise<never>((_, reject) =>
      late.addEventListener('abort', () => reject(late.reason), { once: true }),
    )
    tooLate.catch(() => undefined)
    for (const part of which) {
      late.throwIfAborted()
      await Promise.race([startPart(part), tooLate])
    }
  }
  const end = async () => {
    await Promise.all([running.get('worker')?.stop(), running.get('server')?.stop()])
    await running.get('temporal')?.stop()
    await postgres?.stop()
    removeDataFolder(dataDir)
  }
  let client: Client
  const first = options.parts ?? parts.filter((part) => part !== 'temporal' || !options.temporalAddress)
  try {
    if (first.includes('server') && !postgres) await placePglite(dataDir)
    await startAll(first)
    client = await connectTemporal({ address: temporalAddress, namespace: 'default' })
  } catch (error) {
    await end()
    throw error
  }
  const { maxHistoryEvents, settleMs } = options
  const pipelines = new PipelinesClient(client, {
    owner: { workspace: 'default', email: 'dev@localhost' },
    installation: options.env?.JOBWRIGHT_INSTALLATION,
    timing: {
      waitLeaseMs,
      stepHeartbeatMs: 2_000,
      maxHistoryEvents,
      settleMs,
      queryTimeoutMs: patientQueryMs,
    },
  })
  const api = new JobsClient({ baseUrl: `${serverUrl}/api/v1`, token })
  return {
    dataDir,
    api,
    apiUrl: `${serverUrl}/api/v1`,
    token,
    temporalAddress,
    client,
    pipelines,
    env,
    async start(...which) {
      for (const part of parts.filter((candidate) => which.includes(candidate))) await startPart(part)
    },
    kill,
    async shutDown(part) {
      await running.get(part)?.stop()
    },
    stderr: (part) => running.get(part)?.stderr() ?? '',
    pid: (part) => running.get(part)?.child.pid ?? 0,
    async runPlan(plan, inputs = {}) {
      const { id } = await pipelines.start(plan, inputs)
      return id
    },
    async stop() {
      await client.connection.close()
      await end()
    },
  }
}
