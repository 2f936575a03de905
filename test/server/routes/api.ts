import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { basePath, type Job, type JobRun, jobRunHeader } from '../../../src/contract/index.ts'
import { createRegistry, defineJobType } from '../../../src/job-types/index.ts'
import { type AppOptions, createApp } from '../../../src/server/app.ts'
import { type ListenOptions, listen } from '../../../src/server/listen.ts'
import type { JobStore } from '../../../src/server/ports/index.ts'
import { tokenHash } from '../../../src/server/services/callers.ts'
import { openStore, storeOver } from '../../../src/server/store/index.ts'
import { makeDataFolder, removeDataFolder } from '../../helpers/data-folder.ts'
import { placePglite } from '../../helpers/pglite.ts'
import { openSlowPglite, openSlowPostgres, type SlowDatabase } from '../../helpers/slow-database.ts'
import { scriptedBackfills } from './scripted-backfills.ts'
import { type ScriptedRuns, scriptedRuns } from './scripted-runs.ts'
import { type ScriptedSchedules, scriptedSchedules } from './scripted-schedules.ts'

const metagraphLike = defineJobType({
  jobType: 'metagraph_update',
  displayName: 'Metagraph Update',
  description: 'Updates the system metagraph based on uploaded documents.',
  config: z.strictObject({ system_id_or_name: z.string().min(1), additional_context: z.string().optional() }),
  nameField: 'system_id_or_name',
  run: async () => undefined,
})
const plain = defineJobType({
  jobType: 'plain',
  displayName: 'Plain',
  description: 'Takes any config, or none.',
  config: z.looseObject({}),
  timeout: '30m',
  taskQueue: 'plain-queue',
  run: async () => undefined,
})
export const testRegistry = createRegistry([metagraphLike, plain])

export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests are about
  json: any
}

export interface SendOptions {
  /** An object is sent as JSON. */
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Somebody who calls the API with a token of their own. */
export interface Person {
  token: string
  workspace: string
  email: string
  send(method: string, target: string, options?: SendOptions): Promise<Answer>
  get(target: string, options?: SendOptions): Promise<Answer>
  post(target: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  job(config?: Record<string, unknown>): Promise<Job>
  run(jobId?: string): Promise<JobRun>
}

export interface TestApi {
  url: string
  store: JobStore
  errors: unknown[]
  /** Of pipelines. */
  runs: ScriptedRuns
  schedules: ScriptedSchedules
  /** A person in a workspace of their own, or in a given one. */
  person(workspace?: string): Promise<Person>
  worker: Person
  /** The worker, acting for a job run. */
  handlerOf(jobRunId: string): Person
  /** What the server is told when it begins to close. */
  beginClosing(): void
  close(): Promise<void>
}

async function send(
  base: string,
  token: string | undefined,
  method: string,
  target: string,
  options: SendOptions,
): Promise<Answer> {
  const { body, headers = {}, signal } = options
  const isJson =
    body !== undefined &&
    typeof body !== 'string' &&
    !(body instanceof Uint8Array) &&
    !(body instanceof ReadableStream)
  const response = await fetch(base + target, {
    method,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(isJson ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { body: isJson ? JSON.stringify(body) : (body as NonNullable<RequestInit['body']>) }),
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    ...(signal ? { signal } : {}),
  })
  const text = await response.text()
  const json =
    /json/.test(response.headers.get('Content-Type') ?? '') && text !== '' ? JSON.parse(text) : undefined
  return { status: response.status, headers: response.headers, text, json }
}

function createPerson(
  base: string,
  owner: { token: string; workspace: string; email: string },
  always: Record<string, string> = {},
): Person {
  const person: Person = {
    ...owner,
    send: (method, target, options = {}) =>
      send(base, owner.token, method, target, { ...options, headers: { ...always, ...options.headers } }),
    get: (target, options) => person.send('GET', target, options),
    post: (target, body, headers) => person.send('POST', target, { body, ...(headers ? { headers } : {}) }),
    async job(config = {}) {
      return (await person.post('/jobs', { job_type: 'plain', config: { job_type: 'plain', ...config } }))
        .json
    },
    async run(jobId) {
      return (await person.post('/job-runs', { job_id: jobId ?? (await person.job()).uuid })).json
    },
  }
  return person
}

async function openTestStore(
  dataDir: string,
  { databaseUrl, slow }: { databaseUrl?: string; slow?: (database: SlowDatabase) => void },
): Promise<JobStore> {
  if (slow === undefined) return openStore(databaseUrl === undefined ? { dataDir } : { databaseUrl })
  const database =
    databaseUrl === undefined
      ? await openSlowPglite(path.join(dataDir, 'pgdata'))
      : openSlowPostgres(databaseUrl)
  const store = await storeOver(database, {})
  slow(database)
  return store
}

/** The real server over the real embedded database, or a PostgreSQL, on a free port. */
export async function startApi(
  options: {
    listen?: Partial<ListenOptions>
    store?: (store: JobStore) => JobStore
    registry?: AppOptions['registry']
    databaseUrl?: string
    /** A store that is open already; it is closed with the server. */
    opened?: JobStore
    plain?: boolean
    heartbeatMs?: number
    clientTimeoutMs?: number
    onLoad?: AppOptions['onLoad']
    /** Is given the database, to slow it down. */
    slow?: (database: SlowDatabase) => void
  } = {},
): Promise<TestApi> {
  const dataDir = makeDataFolder('api')
  const { databaseUrl, opened } = options
  if (databaseUrl === undefined && opened === undefined) await placePglite(dataDir)
  const store = opened ?? (await openTestStore(dataDir, options))
  const errors: unknown[] = []
  const runs = scriptedRuns()
  const schedules = scriptedSchedules(runs)
  const closing = new AbortController()
  const app = createApp({
    store: options.store?.(store) ?? store,
    registry: options.registry ?? testRegistry,
    pipelineRuns: runs,
    schedules,
    backfills: scriptedBackfills(schedules),
    ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
    ...(options.clientTimeoutMs === undefined ? {} : { clientTimeoutMs: options.clientTimeoutMs }),
    onLoad: options.onLoad,
    version: '1.2.3',
    closing: closing.signal,
    plain: options.plain ?? false,
    onError: (error) => errors.push(error),
  })
  const http = await listen(app, { host: '127.0.0.1', port: 0, drainMs: 1_000, ...options.listen })
  const base = http.url + basePath
  const workerToken = randomUUID()
  await store.tokens.ensure(tokenHash(workerToken), { workspace: '-', email: 'worker', kind: 'worker' })
  const workerOwner = { token: workerToken, workspace: '-', email: 'worker' }
  return {
    url: http.url,
    store,
    errors,
    runs,
    schedules,
    async person(workspace = randomUUID()) {
      const owner = { token: randomUUID(), workspace, email: `${randomUUID()}@example.com` }
      await store.tokens.ensure(tokenHash(owner.token), {
        workspace: owner.workspace,
        email: owner.email,
        kind: 'user',
      })
      return createPerson(base, owner)
    },
    worker: createPerson(base, workerOwner),
    handlerOf: (jobRunId) => createPerson(base, workerOwner, { [jobRunHeader]: jobRunId }),
    beginClosing: () => closing.abort(),
    async close() {
      closing.abort()
      await http.close()
      await store.close()
      removeDataFolder(dataDir)
    },
  }
}
