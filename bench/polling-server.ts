import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

/**
 * A Jobs API in memory that knows job runs alone, as a process of its own: what is measured is who asks. Runs end by the clock.
 * `POST /start {count, duration_ms}` makes some; `GET /requests` tells how often the API was asked.
 */

interface Run {
  uuid: string
  createdAtMs: number
  endsAtMs: number
}

const runs = new Map<string, Run>()
/** Kept apart from those that ended, as a database with an index does. */
const active = new Set<Run>()
/** In the order of their creation. */
let ended: Run[] = []
let requests = { list: 0, get: 0 }
const stamp = (ms: number) => `${new Date(ms).toISOString().slice(0, -1)}000`

function tidy(): void {
  const now = Date.now()
  for (const run of active)
    if (run.endsAtMs <= now) {
      active.delete(run)
      ended.push(run)
    }
  if (ended.length > 20_000) {
    for (const { uuid } of ended.slice(0, 10_000)) runs.delete(uuid)
    ended = ended.slice(10_000)
  }
}

function view(run: Run): object {
  const isOver = run.endsAtMs <= Date.now()
  return {
    uuid: run.uuid,
    job_id: run.uuid,
    job_name: 'metagraph_update – Power Distribution Unit',
    config: { job_type: 'metagraph_update', system_id_or_name: run.uuid },
    status: isOver ? 'completed' : 'running',
    created_by: 'engineer@example.com',
    created_at: stamp(run.createdAtMs),
    updated_at: stamp(isOver ? run.endsAtMs : run.createdAtMs),
    is_deleted: false,
    output_references: [],
  }
}

function list(query: URLSearchParams): object {
  const statuses = query.getAll('statuses')
  const after = query.get('created_after')
  const afterMs = after === null ? 0 : Date.parse(`${after}Z`)
  const pool = statuses.includes('completed') ? ended : [...active]
  const items = pool.filter(({ createdAtMs }) => createdAtMs >= afterMs).map(view)
  return { items, count: items.length }
}

function start(count: number, durationMs: number): Run[] {
  const createdAtMs = Date.now()
  return Array.from({ length: count }, () => {
    const run = { uuid: randomUUID(), createdAtMs, endsAtMs: createdAtMs + durationMs }
    runs.set(run.uuid, run)
    active.add(run)
    return run
  })
}

const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => {
    tidy()
    const url = new URL(request.url ?? '/', 'http://bench')
    const answer = (json: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
    if (url.pathname === '/start') {
      const { count, duration_ms: durationMs } = JSON.parse(body) as { count: number; duration_ms: number }
      return answer(start(count, durationMs).map((run) => ({ ...run, createdAt: stamp(run.createdAtMs) })))
    }
    if (url.pathname === '/requests') return answer(requests)
    if (url.pathname.endsWith('/job-runs')) {
      requests = { ...requests, list: requests.list + 1 }
      return answer(list(url.searchParams))
    }
    requests = { ...requests, get: requests.get + 1 }
    const run = runs.get(url.pathname.split('/').at(-1) ?? '')
    return run ? answer(view(run)) : answer({ detail: 'Job run not found' }, 404)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  process.send?.(address.port)
})
process.on('disconnect', () => process.exit(0))
