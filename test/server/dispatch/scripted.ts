import { randomUUID } from 'node:crypto'
import type { JobRun } from '../../../src/contract/index.ts'
import type { Loop } from '../../../src/server/dispatch/dispatcher.ts'
import type { ExecutionState, JobStore, RunExecutor } from '../../../src/server/ports/index.ts'
import { openStore } from '../../../src/server/store/index.ts'
import { makeDataFolder, removeDataFolder } from '../../helpers/data-folder.ts'
import { placePglite } from '../../helpers/pglite.ts'

export interface Call {
  kind: 'start' | 'cancel' | 'describe'
  jobRunId: string
}

/** A Temporal that does as it is told, and remembers who asked for what. */
export interface ScriptedExecutor extends RunExecutor {
  calls: Call[]
  /** Replaceable at any time; may throw, or wait. */
  script: {
    start: (jobRunId: string) => Promise<'started' | 'already_started'> | 'started' | 'already_started'
    cancel: (
      jobRunId: string,
    ) => Promise<'requested' | 'not_found' | 'closed'> | 'requested' | 'not_found' | 'closed'
    describe: (jobRunId: string) => Promise<ExecutionState> | ExecutionState
  }
  of(jobRunId: string): Call['kind'][]
}

export function scriptedExecutor(): ScriptedExecutor {
  const calls: Call[] = []
  const script: ScriptedExecutor['script'] = {
    start: () => 'started',
    cancel: () => 'requested',
    describe: () => ({ state: 'active' }),
  }
  return {
    calls,
    script,
    of: (jobRunId) => calls.filter((call) => call.jobRunId === jobRunId).map((call) => call.kind),
    async start({ jobRunId }) {
      calls.push({ kind: 'start', jobRunId })
      return script.start(jobRunId)
    },
    async requestCancel(jobRunId) {
      calls.push({ kind: 'cancel', jobRunId })
      return script.cancel(jobRunId)
    },
    async describe(jobRunId) {
      calls.push({ kind: 'describe', jobRunId })
      return script.describe(jobRunId)
    },
  }
}

/** A log that keeps what it is told. */
export function memoryLog() {
  const lines: string[] = []
  const keep = (_: object, message: string) => {
    lines.push(message)
  }
  return { lines, info: keep, warn: keep }
}

export interface TestStore {
  store: JobStore
  caller: { workspace: string; email: string }
  run(): Promise<JobRun>
  read(run: JobRun): Promise<JobRun>
  close(): Promise<void>
}

export async function openTestStore(reportPatienceMs: number): Promise<TestStore> {
  const dataDir = makeDataFolder('dispatch')
  await placePglite(dataDir)
  const store = await openStore({ dataDir, reportPatienceMs })
  const caller = { workspace: 'w', email: 'me@example.com' }
  const created = await store.jobs.create(caller, {
    uuid: randomUUID(),
    jobType: 'plain',
    name: 'plain',
    config: { job_type: 'plain' },
    sourceSessionId: null,
    sourceProjectId: null,
  })
  if (created.outcome !== 'created') throw new Error('no job')
  return {
    store,
    caller,
    async run() {
      const run = await store.runs.create(caller, {
        uuid: randomUUID(),
        jobId: created.value.uuid,
        jobType: 'plain',
        jobName: 'plain',
        config: { job_type: 'plain' },
        clientRef: null,
        execution: { taskQueue: 'q', timeoutMs: 1000, queueTimeoutMs: null },
      })
      if (run.outcome !== 'created') throw new Error(run.outcome)
      return run.value
    },
    async read(run) {
      const read = await store.runs.get(caller, run.uuid)
      if (!read) throw new Error('gone')
      return read
    },
    async close() {
      await store.close()
      removeDataFolder(dataDir)
    },
  }
}

/** Runs a loop while `during` runs, and waits for its end. */
export async function whileRunning(loop: Loop, during: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const running = loop.run(stop.signal)
  try {
    await Promise.race([during(), running.then(() => Promise.reject(new Error('the loop ended by itself')))])
  } finally {
    stop.abort()
    await running
  }
}
