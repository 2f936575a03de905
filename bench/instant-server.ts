import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { allCapabilities } from '../test/helpers/capabilities.ts'

/**
 * A Jobs API whose runs have no length: pending when triggered, completed at the first look. With nothing behind
 * it, what is measured is the orchestrator. Keys are honoured, so that both kinds of client may use it.
 */
export async function startInstantServer(): Promise<{
  url: string
  requests(): number
  stop(): Promise<void>
}> {
  const answers = new Map<string, object>()
  let requests = 0
  const stamp = () => new Date().toISOString().replace('Z', '000')

  function keyed(request: IncomingMessage, make: () => object): object {
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string') return make()
    const known = answers.get(key) ?? make()
    answers.set(key, known)
    return known
  }
  const run = (uuid: string, jobId: string, status: string) => ({
    uuid,
    job_id: jobId,
    job_name: 'instant',
    config: {},
    status,
    created_by: 'bench',
    created_at: stamp(),
    updated_at: stamp(),
    is_deleted: false,
    output_references: [],
  })
  function answer(request: IncomingMessage, body: string): object | undefined {
    const url = new URL(request.url ?? '/', 'http://bench')
    const path = url.pathname.replace('/api/v1', '')
    if (path === '/capabilities') return allCapabilities
    if (request.method === 'POST' && path === '/jobs')
      return keyed(request, () => ({
        uuid: randomUUID(),
        name: 'instant',
        description: null,
        config: (JSON.parse(body) as { config?: object }).config ?? {},
        is_deleted: false,
        created_by: 'bench',
        created_at: stamp(),
        updated_at: null,
        source_session_id: null,
        source_project_id: null,
      }))
    if (request.method === 'POST' && path === '/job-runs')
      return keyed(request, () => {
        const { job_id: jobId = randomUUID() } = JSON.parse(body) as { job_id?: string }
        return run(randomUUID(), jobId, url.searchParams.has('wait') ? 'completed' : 'pending')
      })
    const found = /^\/job-runs\/([0-9a-f-]{36})$/.exec(path)
    return found?.[1] ? run(found[1], '00000000-0000-4000-8000-000000000000', 'completed') : undefined
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      requests += 1
      const result = answer(request, body)
      response.writeHead(result ? 200 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify(result ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/api/v1`,
    requests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
