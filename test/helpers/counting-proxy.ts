import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingProxy {
  /** Of the proxy, with the path that was given. */
  url: string
  /** Every request so far as `GET /path?query`, in order. */
  readonly requests: string[]
  stop(): Promise<void>
}

/** Passes everything on to a server on this machine, and notes what was asked: what a client really sends. */
export async function startCountingProxy(
  target: string,
  /** Waited for before a request is passed on, and before its answer is. */
  wait: (headers: IncomingHttpHeaders, isAnswered: boolean) => Promise<void> | undefined = () => undefined,
): Promise<CountingProxy> {
  const { origin, pathname } = new URL(target)
  const requests: string[] = []
  const server = createServer(async (incoming, outgoing) => {
    requests.push(`${incoming.method} ${(incoming.url ?? '').slice(pathname.length)}`)
    const body = Buffer.concat(await incoming.toArray())
    await wait(incoming.headers, false)
    const passed = request(
      `${origin}${incoming.url}`,
      { method: incoming.method, headers: incoming.headers },
      async (answer) => {
        await wait(incoming.headers, true)
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    passed.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    requests,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
