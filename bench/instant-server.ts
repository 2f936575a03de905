import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { allCapabilities } from '../test/helpers/capabilities.ts'
import { machineClockMs } from './load.ts'

/** A Jobs API in memory with nothing behind it: what is measured is the orchestrator. */
export interface InstantServer {
  url: string
  token: string
  /** Since it was last asked, by method and route. */
  requests(): Record<string, number>
  /** Job runs so far. */
  made(): number
  /** When each was made, and the reference that it was made with. */
  triggers(): readonly { atMs: number; clientRef: string | null }[]
  /** When the job runs ended that ended since it was last asked, by the clock of the machine. */
  ends(): number[]
  stop(): Promise<void>
}

interface Run {
  uuid: string
  jobId: string
  createdAt: string
  clientRef: string | null
  status: 'pending' | 'completed'
  /** Called when it ends. */
  waiting: Set<() => void>
}

interface Job {
  uuid: string
  config: { duration?: string }
}

const stamp = () => new Date().toISOString().replace('Z', '000')

/** As long as their config says; up to a millisecond is no time at all, and they are over at the first look. */
function lengthMs({ duration }: Job['config']): number {
  const ms = /^(\d+)ms$/.exec(duration ?? '')?.[1]
  return Number(ms ?? 0)
}

/**
 * Job runs end by themselves, as late as `duration` in their config says (`1ms`: at the first look). Keys are honoured, and what the
 * extensions offer for waiting is there: long polls, the change feed, references of clients.
 */
export async function startInstantServer(): Promise<InstantServer> {
  const jobs = new Map<string, Job>()
  const runs = new Map<string, Run>()
  const answers = new Map<string, { uuid: string }>()
  const ended: Run[] = []
  const triggers: { atMs: number; clientRef: string | null }[] = []
  let endedAtMs: number[] = []
  let requests: Record<string, number> = {}
  const feedReaders = new Set<() => void>()

  function keyed<Made extends { uuid: string }>(
    key: unknown,
    known: Map<string, Made>,
    make: () => Made,
  ): Made {
    const earlier = typeof key === 'string' ? answers.get(key) : undefined
    const made = (earlier && known.get(earlier.uuid)) ?? make()
    known.set(made.uuid, made)
    if (typeof key === 'string') answers.set(key, { uuid: made.uuid })
    return made
  }
  function end(run: Run): void {
    if (run.status === 'completed') return
    run.status = 'completed'
    ended.push(run)
    endedAtMs.push(machineClockMs())
    for (const wake of [...run.waiting, ...feedReaders]) wake()
  }
  const createJob = (key: unknown, config: Job['config'] = {}): Job =>
    keyed(key, jobs, () => ({ uuid: randomUUID(), config }))
  function createRun(key: unknown, body: RunBody): Run {
    return keyed(key, runs, () => {
      const job = body.job ? createJob(body.job.key, body.job.config) : jobs.get(body.job_id ?? '')
      const run: Run = {
        uuid: randomUUID(),
        jobId: job?.uuid ?? randomUUID(),
        createdAt: stamp(),
        clientRef: body.client_ref ?? null,
        status: 'pending',
        waiting: new Set(),
      }
      triggers.push({ atMs: Date.now(), clientRef: run.clientRef })
      const ms = lengthMs(body.config ?? job?.config ?? {})
      // Whoever looks sees the end of a short one sooner; whoever does not is told of it.
      setTimeout(end, Math.max(1, ms), run)
      return run
    })
  }
  async function look(run: Run, seconds: number): Promise<object> {
    const isInstant = lengthMs(jobs.get(run.jobId)?.config ?? {}) <= 1
    if (isInstant) end(run)
    if (run.status === 'pending' && seconds > 0) await wakened(run.waiting, seconds)
    return viewOfRun(run, jobs.get(run.jobId))
  }
  async function changes(query: URLSearchParams): Promise<object> {
    const after = query.get('after') ?? String(ended.length)
    const prefix = query.get('client_ref_prefix') ?? ''
    const mine = () =>
      ended.slice(Number(after)).flatMap((run, index) =>
        (run.clientRef ?? '').startsWith(prefix)
          ? [
              {
                cursor: String(Number(after) + index + 1),
                status: run.status,
                at: stamp(),
                job_run: viewOfRun(run, jobs.get(run.jobId)),
              },
            ]
          : [],
      )
    const until = performance.now() + Number(query.get('wait') ?? 0) * 1000
    while (mine().length === 0 && performance.now() < until)
      await wakened(feedReaders, (until - performance.now()) / 1000)
    const page = mine().slice(0, Number(query.get('limit') ?? 200))
    return { changes: page, cursor: page.at(-1)?.cursor ?? String(ended.length) }
  }

  async function answer(request: IncomingMessage, path: string, query: URLSearchParams, text: string) {
    const key = request.headers['idempotency-key']
    const body = (text === '' ? {} : JSON.parse(text)) as RunBody
    const wait = Number(query.get('wait') ?? 0)
    if (path === '/capabilities')
      return { ...allCapabilities, one_call_triggers: true, feed_by_client_ref: true }
    if (path === '/job-runs/changes') return changes(query)
    if (request.method === 'POST' && path === '/jobs') return viewOfJob(createJob(key, body.config))
    if (request.method === 'POST' && path === '/job-runs') {
      const run = createRun(key, body)
      return wait > 0 ? look(run, wait) : viewOfRun(run, jobs.get(run.jobId))
    }
    const [, uuid = '', rest] = /^\/job-runs\/([0-9a-f-]{36})(\/client-ref)?$/.exec(path) ?? []
    const run = runs.get(uuid)
    if (run && rest && run.status === 'pending') run.clientRef = body.client_ref ?? null
    return run ? look(run, wait) : undefined
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', async () => {
      const url = new URL(request.url ?? '/', 'http://bench')
      const path = url.pathname.replace('/api/v1', '')
      const route = `${request.method} ${path.replace(/[0-9a-f-]{36}/, '{id}')}`
      requests[route] = (requests[route] ?? 0) + 1
      const result = await answer(request, path, url.searchParams, text)
      const made = request.method === 'POST' ? 201 : 200
      response.writeHead(result ? made : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify(result ?? {}))
    })
  })
  // Clients keep connections; one that is closed under them would be their error, not their cost.
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/api/v1`,
    token: 'bench',
    requests() {
      const seen = requests
      requests = {}
      return seen
    },
    made: () => runs.size,
    triggers: () => triggers,
    ends() {
      const seen = endedAtMs
      endedAtMs = []
      return seen
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

interface RunBody {
  job_id?: string
  job?: { key: string; config: Job['config'] }
  config?: Job['config']
  client_ref?: string
}

function wakened(waiting: Set<() => void>, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      waiting.delete(done)
      resolve()
    }
    const timer = setTimeout(done, seconds * 1000)
    waiting.add(done)
  })
}

const viewOfJob = ({ uuid, config }: Job): object => ({
  uuid,
  name: 'instant',
  description: null,
  config,
  is_deleted: false,
  created_by: 'bench',
  created_at: stamp(),
  updated_at: null,
  source_session_id: null,
  source_project_id: null,
})

const viewOfRun = (run: Run, job: Job | undefined): object => ({
  uuid: run.uuid,
  job_id: run.jobId,
  job_name: 'instant',
  config: job?.config ?? {},
  client_ref: run.clientRef,
  status: run.status,
  created_by: 'bench',
  created_at: run.createdAt,
  updated_at: stamp(),
  is_deleted: false,
  output_references: [],
})
