import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { JobsClient } from '../../src/client/index.ts'
import { isTerminalStatus } from '../../src/contract/index.ts'
import { findFreePort } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { finalLook } from '../../src/testing/final-look.ts'
import { type FaultProxy, type ServerLogEntry, startFaultProxy } from '../../src/testing/index.ts'
import { type ForeignServer, startForeignServer } from '../foreign-server/index.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { type Part, startTestStack, type TestStack } from '../helpers/stack.ts'
import { bundleOf } from '../helpers/workflow-bundle.ts'

export type Mode = 'strict' | 'bounded' | 'fenced'
/** What is killed: the API is an outage where it is not ours, as it keeps what it knows. */
export type Victim = 'worker' | 'api' | 'temporal' | 'everything'

/** Of a worker of a user's own, which lives and dies with ours. */
export const ownTaskQueue = 'own-workflows'
const besideWorker = path.join(import.meta.dirname, 'own-workflow', 'worker.ts')
const ownWorkflows = { workflowsPath: path.join(import.meta.dirname, 'own-workflow', 'workflows.ts') }

/** A stack of real processes, and the Jobs API that its worker reaches through a proxy. */
export interface World {
  readonly modes: readonly Mode[]
  readonly stack: TestStack
  readonly proxy: FaultProxy
  /** Straight to the server. */
  readonly api: JobsClient
  /** Absent where the server is ours. */
  readonly foreign?: ForeignServer
  readonly sharedJobId: string
  connectionOf(mode: Mode): string
  /** How long the worker waits for an answer from now on; it is another worker. */
  setPatience(ms: number): Promise<void>
  kill(victim: Victim): Promise<void>
  restore(victim: Victim): Promise<void>
  /** Whether a pipeline run had a job run that was active at that instant, by the server's own word. */
  wasOpen(id: string, atMs: number): Promise<boolean>
  /** What the server did since that many entries of its log. */
  truth(since: number): Promise<ServerLogEntry[]>
  seen(): number
  stop(): Promise<void>
}

/** Longer than anything is held. */
export const patientMs = 30_000
/** Shorter than what faults let clients wait for. */
export const impatientMs = 1_500

async function restartWith(stack: TestStack, ms: number): Promise<void> {
  if (stack.env['JOBWRIGHT_REQUEST_TIMEOUT_MS'] === String(ms)) return
  stack.env['JOBWRIGHT_REQUEST_TIMEOUT_MS'] = String(ms)
  await stack.kill('worker')
  await stack.start('worker')
}

export type ForeignWorld = World & { readonly foreign: ForeignServer }

const configFile = path.join(import.meta.dirname, 'faults.config.ts')

/** A server that knows nothing of us, with and without bounds. */
export async function startForeignWorld(): Promise<ForeignWorld> {
  const log: ServerLogEntry[] = []
  const failed = new Set<string>()
  const foreign = await startForeignServer({
    habits: { cancelTakesMs: 4_000 },
    onEntry(entry) {
      log.push(entry)
      if (entry.event !== 'request' || entry.made?.config['fail_first'] !== true) return
      const label = String(entry.made.config['label'])
      const { job_run_id } = entry.made
      if (!failed.has(label)) setTimeout(() => foreign.endRun(job_run_id, 'failed'), 100)
      failed.add(label)
    },
  })
  const proxy = await startFaultProxy({ target: foreign.url })
  const stack = await startTestStack({
    besideWorker,
    parts: ['temporal', 'worker'],
    configFile,
    settleMs: 600,
    env: {
      OWN_WORKFLOWS: await bundleOf(ownWorkflows),
      JOBS_API_URL: proxy.url,
      JOBS_API_TOKEN: foreign.token,
      JOBS_API_REQUESTS_PER_SECOND: '50',
      FOREIGN_URL: proxy.url,
      JOBWRIGHT_REQUEST_TIMEOUT_MS: String(patientMs),
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
    },
  })
  const api = new JobsClient({ baseUrl: foreign.url, token: foreign.token })
  const { uuid: sharedJobId } = await api.createJob({ job_type: 'work', config: { job_type: 'work' } })
  const partsOf: Record<Victim, Part[]> = {
    worker: ['worker'],
    api: [],
    temporal: ['temporal'],
    everything: ['worker', 'temporal'],
  }
  const isCutOff = (victim: Victim) => victim === 'api' || victim === 'everything'
  return {
    modes: ['strict', 'bounded'],
    ...{ stack, proxy, api, foreign, sharedJobId },
    connectionOf: (mode) => (mode === 'bounded' ? 'bounded' : 'default'),
    setPatience: (ms) => restartWith(stack, ms),
    async kill(victim) {
      if (isCutOff(victim)) proxy.setScript({ rules: [{ fault: { kind: 'drop_request' } }] })
      await stack.kill(...partsOf[victim])
    },
    async restore(victim) {
      await stack.start(...partsOf[victim])
      if (victim === 'api') await delay(1_500)
      if (isCutOff(victim)) proxy.setScript({ rules: [] })
    },
    async wasOpen(id, atMs) {
      const own = [...foreign.runs.values()].filter(({ config }) => isOf(id, config))
      return own.some(({ history }) => {
        const status = history.findLast((entry) => entry.atMs <= atMs)?.status
        return status !== undefined && !isTerminalStatus(status)
      })
    },
    truth: async (since) => log.slice(since),
    seen: () => log.length,
    async stop() {
      await stack.stop()
      await proxy.stop()
      await foreign.stop()
    },
  }
}

/** Our own server, on PGlite or on PostgreSQL. */
export async function startOwnWorld(store: 'pglite' | 'postgres' = 'pglite'): Promise<World> {
  const port = await findFreePort()
  const target = `http://127.0.0.1:${port}/api/v1`
  const proxy = await startFaultProxy({ target })
  const postgres = store === 'postgres' ? await startPostgres() : undefined
  const stack = await startTestStack({
    besideWorker,
    configFile,
    env: {
      OWN_WORKFLOWS: await bundleOf(ownWorkflows),
      JOBWRIGHT_PORT: String(port),
      JOBWRIGHT_URL: `http://127.0.0.1:${port}`,
      JOBS_API_URL: proxy.url,
      JOBWRIGHT_REQUEST_TIMEOUT_MS: String(patientMs),
      ...(postgres && { DATABASE_URL: await postgres.createDatabase() }),
    },
  })
  const api = new JobsClient({ baseUrl: target, token: stack.token })
  const { uuid: sharedJobId } = await api.createJob({ job_type: 'work', config: { job_type: 'work' } })
  const partsOf: Record<Victim, Part[]> = {
    worker: ['worker'],
    api: ['server'],
    temporal: ['temporal'],
    everything: ['worker', 'server', 'temporal'],
  }
  return {
    modes: ['fenced'],
    ...{ stack, proxy, api, sharedJobId },
    connectionOf: () => 'default',
    setPatience: (ms) => restartWith(stack, ms),
    kill: (victim) => stack.kill(...partsOf[victim]),
    restore: (victim) => stack.start(...partsOf[victim]),
    async wasOpen(id, atMs) {
      const { items } = await api.listJobRuns({ limit: 200 })
      return items.some(
        ({ config, created_at, finished_at }) =>
          isOf(id, config) &&
          Date.parse(created_at) <= atMs &&
          (typeof finished_at !== 'string' || Date.parse(finished_at) > atMs),
      )
    },
    async truth(since) {
      const passed = proxy.serverLog.slice(since)
      return [...passed, ...(await finalLook(passed, api))]
    },
    seen: () => proxy.serverLog.length,
    async stop() {
      await stack.stop()
      await proxy.stop()
      await postgres?.stop()
    },
  }
}

function isOf(id: string, config: Readonly<Record<string, unknown>>): boolean {
  return String(config['label']).startsWith(`${id}/`)
}
