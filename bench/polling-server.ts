import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A Jobs API of nothing but runs, for `bench/polling.ts`. What is not below `/api/v1` steers it, and is not counted. */
interface Run {
  uuid: string
  createdMs: number
  endMs: number
}

let runs = new Map<string, Run>()
let requests = 0
const stamp = (ms: number) => new Date(ms).toISOString().replace('Z', '000')

function make(durationMs: number): Run {
  const createdMs = Date.now()
  const run = { uuid: randomUUID(), createdMs, endMs: createdMs + durationMs }
  runs.set(run.uuid, run)
  return run
}

function view({ uuid, createdMs, endMs }: Run) {
  const isOver = Date.now() >= endMs
  return {
    uuid,
    job_id: 'b9a3c8de-0f5b-4f0e-9a39-2a8f4d5f0c11',
    job_name: 'metagraph_update – Power Distribution Unit',
    config: { job_type: 'metagraph_update', system_id_or_name: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890' },
    status: isOver ? 'completed' : 'running',
    created_by: 'engineer@example.com',
    created_at: stamp(createdMs),
    updated_at: `${stamp(isOver ? endMs : createdMs)}Z`,
    is_deleted: false,
    output_references: [],
  }
}

function answer(url: URL): unknown {
  const { pathname, searchParams } = url
  if (pathname === '/start') return view(make(Number(searchParams.get('ms'))))
  if (pathname === '/fill')
    return Array.from({ length: Number(searchParams.get('amount')) }, () => view(make(3_600_000)))
  if (pathname === '/requests') {
    const counted = requests
    requests = 0
    return { requests: counted }
  }
  if (pathname === '/reset') {
    runs = new Map()
    requests = 0
    return {}
  }
  requests += 1
  const found = /\/job-runs\/(.+)$/.exec(pathname)
  if (found) return view(runs.get(found[1] ?? '') as Run)
  const statuses = searchParams.getAll('statuses')
  const after = searchParams.get('created_after')
  const afterMs = after === null ? 0 : Date.parse(`${after}Z`)
  const items = [...runs.values()]
    .filter(({ createdMs }) => createdMs >= afterMs)
    .map(view)
    .filter(({ status }) => statuses.includes(status))
  return { items, count: items.length }
}

const server = createServer((request, response) => {
  const body = JSON.stringify(answer(new URL(request.url ?? '/', 'http://bench')))
  response.writeHead(200, { 'content-type': 'application/json' }).end(body)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}/api/v1` })}\n`)
})
process.on('disconnect', () => process.exit(0))
