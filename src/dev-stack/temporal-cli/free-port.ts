import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { codeOf, messageOf } from '../../base/causes.ts'

/** Whether this process could listen there now; otherwise the system's reason, like `EADDRINUSE`. */
export async function tryPort(host: string, port: number): Promise<'free' | string> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return 'free'
  } catch (error) {
    return codeOf(error) ?? messageOf(error)
  }
}

/** Below those that systems give to connections that go out: one of these would hold the port by the time that it is listened on. */
const freePorts = { from: 20_000, below: 32_000 } as const
const freePortTries = 100

/** A TCP port of the loopback interface that nobody listens on now, and that no connection is given by chance. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < freePortTries; tries += 1) {
    const port = randomInt(freePorts.from, freePorts.below)
    if ((await tryPort('127.0.0.1', port)) === 'free') return port
  }
  throw new Error(`none of ${freePortTries} ports from ${freePorts.from} to ${freePorts.below - 1} is free`)
}
