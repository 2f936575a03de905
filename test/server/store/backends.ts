import { randomUUID, randomUUIDv7 } from 'node:crypto'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Caller, JobStore, ListPage, NewJob, NewJobRun } from '../../../src/server/ports/index.ts'
import { openEmbedded, openPostgres } from '../../../src/server/store/database.ts'
import { type StoreOptions, storeOver } from '../../../src/server/store/index.ts'
import type { Tables } from '../../../src/server/store/tables.ts'
import { makeDataFolder, removeDataFolder } from '../../helpers/data-folder.ts'
import { placePglite } from '../../helpers/pglite.ts'
import { startPostgres } from '../../helpers/postgres.ts'

export interface Backend {
  kind: 'PGlite' | 'PostgreSQL'
  store: JobStore
  /** Under the store, for what time or another server would do. */
  db: Kysely<Tables>
  /** What was sent to the database since it was asked last. */
  statements(): string[]
  /** A second server on the same database; PGlite has only the one. */
  another(): Promise<JobStore>
}

type Tuning = Pick<StoreOptions, 'reportPatienceMs' | 'backstopMs'>

/** The same suite twice, each time on a database of its own. `backend()` is there once the tests run. */
export function onEveryBackend(
  name: string,
  suite: (backend: () => Backend) => void,
  tuning: Tuning = {},
): void {
  describe.each(['PGlite', 'PostgreSQL'] as const)(`${name} on %s`, (kind) => {
    let backend: Backend | undefined
    const cleanups: (() => Promise<void>)[] = []
    beforeAll(async () => {
      backend =
        kind === 'PGlite' ? await freshPglite(cleanups, tuning) : await startedPostgres(cleanups, tuning)
    })
    afterAll(async () => {
      for (const cleanup of cleanups.reverse()) await cleanup()
    })
    suite(() => {
      if (!backend) throw new Error('the database did not open')
      return backend
    })
  })
}

async function freshPglite(cleanups: (() => Promise<void>)[], tuning: Tuning): Promise<Backend> {
  const dataDir = makeDataFolder('store')
  cleanups.push(async () => removeDataFolder(dataDir))
  await placePglite(dataDir)
  const sent: string[] = []
  const database = await openEmbedded(dataDir, (statement) => sent.push(statement))
  const store = await storeOver(database, tuning)
  cleanups.push(() => store.close())
  return {
    kind: 'PGlite',
    store,
    db: database.db,
    statements: () => sent.splice(0),
    another: async () => store,
  }
}

async function startedPostgres(cleanups: (() => Promise<void>)[], tuning: Tuning): Promise<Backend> {
  const postgres = await startPostgres()
  cleanups.push(() => postgres.stop())
  const databaseUrl = await postgres.createDatabase()
  const sent: string[] = []
  const open = async () => {
    const database = await openPostgres(databaseUrl, 10, (statement) => sent.push(statement))
    const store = await storeOver(database, tuning)
    cleanups.push(() => store.close())
    return { store, db: database.db }
  }
  return {
    kind: 'PostgreSQL',
    ...(await open()),
    statements: () => sent.splice(0),
    another: async () => (await open()).store,
  }
}

/** Somebody in a workspace that no other test uses. */
export function newCaller(email = 'engineer@example.com'): Caller {
  return { workspace: `workspace-${randomUUID()}`, email }
}

export function newJob(over: Partial<NewJob> = {}): NewJob {
  return {
    uuid: randomUUIDv7(),
    jobType: 'sleep',
    name: 'sleep – 1 s',
    config: { job_type: 'sleep', seconds: 1 },
    sourceSessionId: null,
    sourceProjectId: null,
    ...over,
  }
}

export function newRun(jobId: string, over: Partial<NewJobRun> = {}): NewJobRun {
  return {
    uuid: randomUUIDv7(),
    jobId,
    jobType: 'sleep',
    jobName: 'sleep – 1 s',
    config: { job_type: 'sleep', seconds: 1 },
    clientRef: null,
    execution: { taskQueue: null, timeoutMs: null, queueTimeoutMs: null },
    ...over,
  }
}

/** The id of a fresh job. */
export async function saveJob(store: JobStore, caller: Caller): Promise<string> {
  const job = newJob()
  await store.jobs.create(caller, job)
  return job.uuid
}

/** The id of a fresh pending run, of a fresh job unless one is given. */
export async function triggerRun(store: JobStore, caller: Caller, jobId?: string): Promise<string> {
  const run = newRun(jobId ?? (await saveJob(store, caller)))
  const created = await store.runs.create(caller, run)
  if (created.outcome !== 'created') throw new Error(`expected a new run, got ${created.outcome}`)
  return run.uuid
}

export async function all<T>(page: ListPage<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of page.items) items.push(item)
  return items
}
