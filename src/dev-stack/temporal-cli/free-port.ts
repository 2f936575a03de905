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
const freePorts = { from: 20_000, below: 26_000 } as const
const freePortTries = 100
/** From a port to the one that stands for it: whoever was given the port listens on that as long as it lives. */
const guardDistance = freePorts.below - freePorts.from
const claimed = new Set<number>()

/**
 * Keeps a port for this process, also while its server is not up yet or is being restarted; it is given up when the process ends,
 * however it does.
 * @returns false where another process keeps it
 */
export async function claimPort(port: number): Promise<boolean> {
  return claimed.has(port) || (await claimAnew(port))
}

/** @returns false also where this process keeps it already */
async function claimAnew(port: number): Promise<boolean> {
  const guard = createServer((socket) => socket.destroy()).unref()
  try {
    guard.listen({ host: '127.0.0.1', port: port + guardDistance, exclusive: true })
    await once(guard, 'listening')
  } catch {
    return false
  }
  claimed.add(port)
  return true
}

/** A TCP port of the loopback interface that nobody listens on, that no connection is given by chance, and that is kept for this process. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < freePortTries; tries += 1) {
    const port = randomInt(freePorts.from, freePorts.below)
    if ((await tryPort('127.0.0.1', port)) === 'free' && (await claimAnew(port))) return port
  }
  throw new Error(`none of ${freePortTries} ports from ${freePorts.from} to ${freePorts.below - 1} is free`)
}
