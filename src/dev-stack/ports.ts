import { readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import { StackError } from './errors.ts'
import { claimPort, findFreePort, tryPort } from './temporal-cli/free-port.ts'

/**
 * The port the API will listen on: the given one, or a free one for 0.
 * @throws StackError `port_in_use` or `port_unusable`
 */
export async function chooseApiPort(host: string, port: number): Promise<number> {
  if (port === 0) return findFreePort()
  const found = await tryPort(host, port)
  if (found === 'free') return port
  const fix = 'choose another with `jobwright dev --port N` or JOBWRIGHT_PORT (0 takes a free one)'
  if (found !== 'EADDRINUSE')
    throw new StackError('port_unusable', `cannot listen on ${host}:${port} (${found})`, { fix })
  const owner = await findPortOwner(port)
  const who = owner === undefined ? '' : ` by process ${owner.pid} (${owner.command})`
  throw new StackError('port_in_use', `port ${port} is in use${who}`, { fix: `${fix}, or stop that process` })
}

/** A port that was used before, when it is free; otherwise any free one. */
export async function preferPort(before: number | undefined): Promise<number> {
  if (before !== undefined && (await tryPort('127.0.0.1', before)) === 'free' && (await claimPort(before)))
    return before
  return findFreePort()
}

/** Who listens on a port: on Linux, as far as this user may look; undefined elsewhere. */
export async function findPortOwner(port: number): Promise<{ pid: number; command: string } | undefined> {
  const sockets = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '')
    for (const inode of listeningInodes(text, port)) sockets.add(`socket:[${inode}]`)
  }
  if (sockets.size === 0) return undefined
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    for (const descriptor of await readdir(`/proc/${name}/fd`).catch(() => [])) {
      const link = await readlink(`/proc/${name}/fd/${descriptor}`).catch(() => '')
      if (!sockets.has(link)) continue
      // The program, not what its main thread calls itself; never its arguments, which may hold secrets.
      const program = await readlink(`/proc/${name}/exe`).catch(() => 'unknown')
      return { pid: Number(name), command: path.basename(program) }
    }
  }
  return undefined
}

const tcpListen = '0A'

function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === tcpListen)
    .flatMap((fields) => fields[9] ?? [])
}
