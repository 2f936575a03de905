import { type ChildProcess, spawn } from 'node:child_process'
import {
  devServerCommand,
  findFreePort,
  findSetpriv,
  prepareNamespace,
  waitForTemporalServer,
} from '../../src/dev-stack/temporal-cli/dev-server.ts'

export interface DevServerOptions {
  /** Path of the Temporal CLI; see acquireTemporalBinary. */
  binary: string
  /** The SQLite file that keeps everything; left out: in memory. */
  dbFile?: string
  /** Left out: a free one. */
  port?: number
  /** Created when it is not there. @default 'default' */
  namespace?: string
  /** As somebody else's server is: without our search attributes and our retention. @default false */
  stock?: boolean
  /** Gets what the server writes to its standard error, line by line or in pieces. */
  log?: (text: string) => void
}

export interface DevServer {
  address: string
  namespace: string
  pid: number
  /** Settles when the process has ended, for whatever reason. */
  exited: Promise<void>
  /** Ends the process; does nothing when it has ended. */
  stop(): Promise<void>
}

/**
 * Starts a Temporal server for development and waits until it can be used. On Linux it does not outlive this process.
 * @throws Error with the server's own last words when it ends before it is ready
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { binary, dbFile, namespace = 'default', stock = false } = options
  const port = options.port ?? (await findFreePort())
  const { command, args } = devServerCommand({
    binary,
    dbFile,
    port,
    namespace,
    setpriv: await findSetpriv(),
  })
  const child = spawn(command, stock ? withoutSearchAttributes(args) : args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let lastWords = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2_000)
    options.log?.(text)
  })
  const ended = new AbortController()
  const exited = processEnd(child).then((reason) => {
    ended.abort(new Error(`the Temporal server ended (${reason}): ${lastWords.trim()}`))
  })
  const address = `127.0.0.1:${port}`
  const stop = () => endProcess(child, exited)
  try {
    await waitForTemporalServer({ address, namespace, signal: ended.signal })
    if (!stock) await prepareNamespace(address, namespace)
  } catch (error) {
    await stop()
    throw error
  }
  return { address, namespace, pid: child.pid ?? 0, exited, stop }
}

function withoutSearchAttributes(args: readonly string[]): string[] {
  const isOurs = (arg: string | undefined) => arg === '--search-attribute'
  return args.filter((arg, index) => !isOurs(arg) && !isOurs(args[index - 1]))
}

function processEnd(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}

async function endProcess(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exited
  clearTimeout(force)
}
