import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import { hostProblem, tellProblemsBelow } from './routes/below-the-app.ts'
import { problemResponse } from './routes/problem-response.ts'
import { ApiProblem } from './services/problems.ts'

export interface ListenOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** How long open requests may take once the server closes. @default 10 s */
  drainMs?: number
  /** What slow clients get. @default { headersMs: 15 s, requestMs: 120 s, idleSocketMs: 150 s } */
  patience?: { headersMs: number; requestMs: number; idleSocketMs: number }
}

export interface Listening {
  /** Without `/api/v1`. */
  url: string
  /** Accepts nothing more and waits for what is open; what takes too long is cut. */
  close(): Promise<void>
}

/**
 * Serves an app over HTTP. A client that dribbles its request, or never reads its answer, is cut off.
 * @throws JobwrightError `port_in_use` or `cannot_listen`, naming the port, and how to choose another
 */
export async function listen(app: Hono, options: ListenOptions): Promise<Listening> {
  const { headersMs, requestMs, idleSocketMs } = options.patience ?? {
    headersMs: 15_000,
    requestMs: 120_000,
    idleSocketMs: 150_000,
  }
  const server = createServer(
    {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(5_000, headersMs),
      // Longer than clients keep idle connections, so that they close first and no request meets a closing socket.
      keepAliveTimeout: 65_000,
      requireHostHeader: false,
    },
    requestListener(app),
  )
  tellProblemsBelow(server)
  // Longer than any long poll; nothing else leaves a socket silent for so long.
  server.setTimeout(idleSocketMs)
  await bindPort(server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, close: () => closeServer(server, options.drainMs ?? 10_000) }
}

function requestListener(app: Hono) {
  const fetch = (request: Request, env: unknown) => {
    const problem = hostProblem((env as HttpBindings).incoming)
    return problem ? problemResponse(problem) : app.fetch(request, env as HttpBindings)
  }
  return getRequestListener(fetch, {
    // For a request without a Host.
    hostname: 'localhost',
    errorHandler: (error) =>
      problemResponse(
        new ApiProblem(400, 'malformed_request', `The request cannot be read: ${messageOf(error)}`),
      ),
  })
}

/** Of a burst of connections those that find no room here are tried again by their systems after one second, then three, then seven. */
const backlog = 4_096

function bindPort(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new JobwrightError({
              code: 'port_in_use',
              fault: 'unreachable',
              message: `Port ${port} on ${host} is in use`,
              fix: 'stop what listens there, or choose another port with JOBWRIGHT_PORT',
              cause: error,
            })
          : new JobwrightError({
              code: 'cannot_listen',
              fault: 'unreachable',
              message: `Cannot listen on ${host}:${port}: ${error.message}`,
              fix: 'choose another address with JOBWRIGHT_HOST and JOBWRIGHT_PORT',
              cause: error,
            }),
      )
    })
    server.listen({ port, host, backlog }, resolve)
  })
}

async function closeServer(server: Server, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  // A connection that finishes its request now is idle afterwards, and would keep the server open.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}
