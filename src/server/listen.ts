import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { JobwrightError } from '../base/errors.ts'

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
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(5_000, headersMs),
      // Longer than clients keep idle connections, so that they close first and no request meets a closing socket.
      keepAliveTimeout: 65_000,
    },
  }) as Server
  // Longer than any long poll; nothing else leaves a socket silent for so long.
  server.setTimeout(idleSocketMs)
  await bindPort(server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, close: () => closeServer(server, options.drainMs ?? 10_000) }
}

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
    server.listen(port, host, resolve)
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
