import { rename } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ChildLife } from './child.ts'
import { StackError } from './errors.ts'
import { logsFolder } from './record.ts'
import type { PartSpec } from './supervisor.ts'
import { devServerCommand, findSetpriv, waitForTemporalServer } from './temporal-cli/dev-server.ts'

/** A program the stack runs as a child: its first argument is the script. */
export interface RootCommand {
  command: string
  args: readonly string[]
}

export interface RootCommands {
  server: RootCommand
  worker: RootCommand
}

const readyTimeoutMs = 90_000

/**
 * The composition roots beside this folder: `.ts` in the sources, `.js` in a build.
 * @param patienceMs how long they may go on once their parent is gone
 */
export function defaultRoots(patienceMs: number): RootCommands {
  const extension = path.extname(import.meta.url)
  const guard = new URL(`./parent-guard${extension}?patience_ms=${patienceMs}`, import.meta.url).href
  const root = (name: string): RootCommand => ({
    command: process.execPath,
    args: ['--import', guard, fileURLToPath(new URL(`../${name}${extension}`, import.meta.url))],
  })
  return { server: root('server'), worker: root('worker') }
}

export interface TemporalPartOptions {
  dataDir: string
  binary: string
  port: number
  namespace: string
  environment: Readonly<Record<string, string>>
}

export async function temporalPart(options: TemporalPartOptions): Promise<PartSpec> {
  const { dataDir, binary, port, namespace, environment } = options
  const dbFile = databaseFile(dataDir)
  const start = withPrivateFiles(
    devServerCommand({ binary, dbFile, port, namespace, setpriv: await findSetpriv() }),
  )
  return {
    name: 'temporal',
    command: { ...start, environment, ipc: false, logFile: logFile(dataDir, 'temporal') },
    waitUntilReady: (_life, signal) =>
      waitForTemporalServer({ address: `127.0.0.1:${port}`, namespace, signal, timeoutMs: readyTimeoutMs }),
    readyTimeoutMs,
    graceMs: 5_000,
  }
}

const databaseFile = (dataDir: string): string => path.join(dataDir, 'temporal.db')

/** Histories are the user's alone, also in a data directory that others may read. */
function withPrivateFiles(start: RootCommand): RootCommand {
  if (process.platform === 'win32') return start
  return { command: 'sh', args: ['-c', 'umask 077; exec "$@"', 'sh', start.command, ...start.args] }
}

/**
 * A Temporal server that was killed in its very first moments leaves a database file without tables, on which none
 * starts again. It cannot hold anything, but it is moved, not deleted: whether it was just that is not for us to say.
 * @returns whether the error told of such a file, which is out of the way now
 */
export async function setAsideUnfinishedDatabase(dataDir: string, error: unknown): Promise<boolean> {
  if (!(error instanceof StackError) || !/no such table: namespaces/.test(error.message)) return false
  for (const suffix of ['', '-wal', '-shm']) {
    const file = `${databaseFile(dataDir)}${suffix}`
    await rename(file, `${databaseFile(dataDir)}.unfinished${suffix}`).catch(() => undefined)
  }
  return true
}

export interface RootPartOptions {
  dataDir: string
  root: RootCommand
  environment: Readonly<Record<string, string>>
  drainMs: number
}

/** The API server: ready when it listens and says so under `/readyz`. */
export function serverPart(options: RootPartOptions & { serverUrl: string }): PartSpec {
  return {
    name: 'server',
    ...rootPart(options, 'server'),
    async waitUntilReady(life: ChildLife, signal: AbortSignal) {
      await life.waitForEvent('listening')
      await waitForReadyz(`${options.serverUrl}/readyz`, signal)
    },
  }
}

/** The worker: ready when it says so. */
export function workerPart(options: RootPartOptions): PartSpec {
  return {
    name: 'worker',
    ...rootPart(options, 'worker'),
    waitUntilReady: (life) => life.waitForEvent('ready'),
  }
}

function rootPart(options: RootPartOptions, name: string) {
  const { dataDir, root, environment, drainMs } = options
  const command = { ...root, environment, ipc: true, logFile: logFile(dataDir, name) }
  return { command, readyTimeoutMs, graceMs: drainMs }
}

async function waitForReadyz(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]),
    }).catch(() => undefined)
    signal.throwIfAborted()
    await response?.body?.cancel()
    if (response?.ok) return
    await delay(50, undefined, { signal })
  }
}

const logFile = (dataDir: string, name: string): string => path.join(logsFolder(dataDir), `${name}.log`)
