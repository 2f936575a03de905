import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { firstOf, type Habits, noHabits, throughAll } from './habits.ts'
import { type Done, operations, refused, type World } from './operations.ts'
import { type PlantedRun, State } from './state.ts'
import type { Call, ChangeLogEntry, Endpoint, EndStatus, Job, Reply, RequestLogEntry, Run } from './types.ts'

export interface ForeignServerOptions {
  port: number
  token: string
  jobTypes: readonly string[]
  /** Of a run whose config has no `duration_ms`. */
  durationMs: number
  pendingMs: number
  /** Runs end by `endRun` alone; the same for one run by `manual: true` in its config. */
  manual: boolean
  createdBy: string
  habits: Partial<Habits>
  /** Told of every request once all of it is there, and before it is done. */
  onArrival: (endpoint: Endpoint) => void
  /** Told of every entry as it is written. */
  onEntry: (entry: RequestLogEntry | ChangeLogEntry) => void
}

export interface ForeignServer {
  /** With the API's path. */
  readonly url: string
  readonly token: string
  /** Every request, in the order in which they were done. */
  readonly log: readonly RequestLogEntry[]
  /** Every change of a run's status, in the same order (`seq`). */
  readonly changes: readonly ChangeLogEntry[]
  readonly jobs: ReadonlyMap<string, Job>
  readonly runs: ReadonlyMap<string, Run>
  /** May be changed at any time. */
  readonly habits: Habits
  /** A run that somebody else starts. */
  addRun(jobId: string, planted?: PlantedRun): Run
  endRun(uuid: string, status: EndStatus, outputs?: readonly unknown[]): void
  stop(): Promise<void>
}

const basePath = '/api/v1'
const maxBodyBytes = 16 * 1024 * 1024

const defaults: ForeignServerOptions = {
  port: 0,
  token: 'foreign-token-0123456789',
  jobTypes: ['work', 'metagraph_update', 'generate_issue'],
  durationMs: 200,
  pendingMs: 20,
  manual: false,
  createdBy: 'engineer@example.com',
  habits: {},
  onArrival: () => {},
  onEntry: () => {},
}

/**
 * A server that keeps to the reference's eleven operations and has nothing beyond them. It shares no code with ours, so that the two can disagree.
 * A run's config says how it goes: `duration_ms`, `outputs` (name → value), `fail`, `manual`.
 */
export async function startForeignServer(given: Partial<ForeignServerOptions> = {}): Promise<ForeignServer> {
  const options = { ...defaults, ...given }
  const habits: Habits = { ...noHabits(), ...options.habits }
  const log: RequestLogEntry[] = []
  const changes: ChangeLogEntry[] = []
  let seq = 0
  const state = new State(
    {
      ...options,
      onChange: (change) => {
        const entry: ChangeLogEntry = { event: 'run_status', seq: seq++, ...change }
        changes.push(entry)
        options.onEntry(entry)
      },
    },
    habits,
  )
  const server = createServer({ keepAliveTimeout: 60_000 })
  server.on('request', (request, response) => {
    void serve({ state, habits, jobTypes: options.jobTypes }, options.token, request, response, {
      arrived: options.onArrival,
      note(entry) {
        const full: RequestLogEntry = { event: 'request', seq: seq++, ...entry }
        log.push(full)
        options.onEntry(full)
      },
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const run = (uuid: string): Run => {
    const found = state.runs.get(uuid)
    if (!found) throw new Error(`no run ${uuid}`)
    return found
  }
  return {
    url: `http://127.0.0.1:${port}${basePath}`,
    token: options.token,
    log,
    changes,
    jobs: state.jobs,
    runs: state.runs,
    habits,
    addRun(jobId, planted = {}) {
      const job = state.jobs.get(jobId)
      if (!job) throw new Error(`no job ${jobId}`)
      return state.addRun(job, planted.config ?? {}, planted)
    },
    endRun: (uuid, status, outputs) => state.end(run(uuid), status, outputs),
    async stop() {
      state.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Told {
  arrived(endpoint: Endpoint): void
  note(entry: Omit<RequestLogEntry, 'event' | 'seq'>): void
}

async function serve(
  world: World,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
  { arrived, note }: Told,
): Promise<void> {
  const { habits } = world
  // A client that goes away is no error; what it asked for is done all the same.
  request.on('error', () => {})
  response.on('error', () => {})
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const method = request.method ?? 'GET'
  const { endpoint, id } = route(method, url.pathname)
  const text = await bodyOf(request)
  if (text === undefined) return
  arrived(endpoint)
  await pause(firstOf(habits, 'delayBeforeMs', endpoint))
  const nowMs = Date.now()
  const call: Call = {
    endpoint,
    nowMs,
    method,
    path: url.pathname,
    query: url.searchParams,
    token: /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1],
    origin: `http://127.0.0.1:${request.socket.localPort}`,
  }
  const body = parsed(text)
  const done = perform(world, token, call, { id, body, isBroken: text !== '' && body === undefined })
  const reply = shaped(habits, done, call)
  note({
    atMs: nowMs,
    method,
    path: url.pathname.startsWith(basePath) ? url.pathname.slice(basePath.length) : url.pathname,
    query: Object.fromEntries([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)])),
    ...(request.headers['x-fault-duplicate'] !== undefined && { duplicate: true }),
    body: body ?? (text === '' ? undefined : text),
    status: reply.status,
    ...(done.made && { made: done.made }),
  })
  await pause(firstOf(habits, 'delayAfterMs', endpoint))
  write(habits, reply, response)
}

interface Asked {
  id: string
  body: unknown
  isBroken: boolean
}

function perform(world: World, token: string, call: Call, { id, body, isBroken }: Asked): Done {
  const { habits } = world
  const instead = firstOf(habits, 'instead', call)
  if (instead) return instead
  if (call.token !== (habits.token ?? token)) return refused(401, 'Not authenticated')
  if (call.endpoint === 'capabilities' || call.endpoint === 'whoami' || call.endpoint === 'unknown')
    return refused(404, 'Not Found')
  if (isBroken) return refused(422, 'JSON decode error')
  return operations[call.endpoint](world, { nowMs: call.nowMs, id, query: call.query, body })
}

function shaped(habits: Habits, done: Reply, call: Call): Reply {
  const { detail } = (done.json ?? {}) as { detail?: unknown }
  const isError = done.status >= 400 && typeof detail === 'string'
  const reply = isError ? throughAll<Reply>(habits, 'error', done, detail) : done
  return throughAll<Reply>(habits, 'answer', reply, call)
}

const routes: readonly [method: string, pattern: RegExp, endpoint: Endpoint][] = [
  ['GET', /^\/capabilities$/, 'capabilities'],
  ['GET', /^\/whoami$/, 'whoami'],
  ['GET', /^\/jobs\/schemas$/, 'list_schemas'],
  ['POST', /^\/jobs$/, 'create_job'],
  ['GET', /^\/jobs$/, 'list_jobs'],
  ['GET', /^\/jobs\/([^/]+)$/, 'get_job'],
  ['GET', /^\/jobs\/([^/]+)\/latest-run$/, 'latest_run'],
  ['PATCH', /^\/jobs\/([^/]+)$/, 'update_job'],
  ['DELETE', /^\/jobs\/([^/]+)$/, 'delete_job'],
  ['POST', /^\/job-runs$/, 'create_run'],
  ['GET', /^\/job-runs$/, 'list_runs'],
  ['GET', /^\/job-runs\/([^/]+)$/, 'get_run'],
  ['POST', /^\/job-runs\/([^/]+)\/cancel$/, 'cancel_run'],
]

function route(method: string, pathname: string): { endpoint: Endpoint; id: string } {
  const path = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : ''
  for (const [verb, pattern, endpoint] of routes) {
    const match = verb === method ? pattern.exec(path) : null
    if (match) return { endpoint, id: decodeURIComponent(match[1] ?? '') }
  }
  return { endpoint: 'unknown', id: '' }
}

/** undefined when the client went away before it had sent all of it: then nothing was asked. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBodyBytes) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function pause(ms: number | undefined): Promise<void> {
  if (ms !== undefined && ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
}

function write(habits: Habits, reply: Reply, response: ServerResponse): void {
  const text = reply.text ?? (reply.json === undefined ? undefined : JSON.stringify(reply.json))
  if (text === undefined) {
    response.writeHead(reply.status, reply.headers).end()
    return
  }
  const encoded = firstOf(habits, 'encode', text) ?? { bytes: Buffer.from(text), headers: {} }
  response
    .writeHead(reply.status, {
      'content-type': 'application/json',
      'content-length': encoded.bytes.length,
      ...reply.headers,
      ...encoded.headers,
    })
    .end(encoded.bytes)
}
