import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  method: string
  /** With its query. */
  url: string
  headers: IncomingMessage['headers']
  body: Buffer
}

export interface FaultServer extends AsyncDisposable {
  baseUrl: string
  /** The ground truth: every request that arrived, in order. */
  requests: SeenRequest[]
}

export type Script = (response: ServerResponse, request: SeenRequest, nth: number) => void | Promise<void>

/** A real HTTP server on a free port that does what its script says to each request. */
export async function startFaultServer(script: Script): Promise<FaultServer> {
  const requests: SeenRequest[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
    }
    requests.push(seen)
    await script(response, seen, requests.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Script {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Script {
  return (response) => {
    response.writeHead(status, headers).end(body)
  }
}

export const runBody = {
  uuid: 'e5f6a7b8-c9d0-1234-efab-345678901234',
  job_id: 'd4e5f6a7-b8c9-0123-defa-234567890123',
  job_name: 'metagraph_update – Power Distribution Unit',
  config: { job_type: 'metagraph_update', system_id_or_name: 'PDU' },
  status: 'pending',
  created_by: 'engineer@example.com',
  created_at: '2026-04-13T10:11:00.000000',
  updated_at: '2026-04-13T10:11:00.000000',
  is_deleted: false,
  output_references: [],
}

export const jobBody = {
  uuid: runBody.job_id,
  name: runBody.job_name,
  description: null,
  config: runBody.config,
  is_deleted: false,
  created_by: 'engineer@example.com',
  created_at: '2026-04-13T10:10:00.000000',
  updated_at: null,
  source_session_id: null,
  source_project_id: null,
}
