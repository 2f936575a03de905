import { Client, Connection } from '@temporalio/client'
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js'
import { searchAttributes } from '../../contract/names.ts'
import { clientOptions, probePort } from '../../temporal/connect.ts'
import { throwFromTemporal } from '../../temporal/failures.ts'
import { ensureSearchAttributes } from '../../temporal/search-attributes.ts'
import { runCommand } from './run-command.ts'

export {
  type AcquireOptions,
  acquireTemporalBinary,
  type TemporalBinary,
  TemporalBinaryError,
} from './acquire.ts'
export { findFreePort } from './free-port.ts'

export interface DevServerCommandOptions {
  /** Path of the Temporal CLI. */
  binary: string
  /** The SQLite file that keeps everything; undefined: in memory. */
  dbFile: string | undefined
  port: number
  namespace: string
  /** Linux: the program that ties a child's life to its parent's, when there is one. */
  setpriv?: string | undefined
}

/** As in docker-compose.yml, and for whoever runs a server of their own: docs/production.md. */
const quickSettings = [
  // A stock server reads its transfer queue 20 times a second: 50 ms for every workflow task.
  'history.transferProcessorMaxPollRPS=2000',
  // And its timers as often, after putting each that is due soon off by up to a second: the next attempt of what a killed worker was at.
  'history.timerProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxTimeShift="20ms"',
  'frontend.namespaceRPS.visibility=100',
]

/** How a Temporal server for development is started; a measured choice of settings. */
export function devServerCommand(options: DevServerCommandOptions): { command: string; args: string[] } {
  const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(options.port)]
  args.push('--namespace', options.namespace, '--log-level', 'error', '--log-format', 'json')
  // With WAL a chain of ten steps takes half the time. A killed process loses nothing; a power cut may lose the
  // last commits, which is right for development.
  if (options.dbFile !== undefined)
    args.push(
      '--db-filename',
      options.dbFile,
      '--sqlite-pragma',
      'journal_mode=wal',
      '--sqlite-pragma',
      'synchronous=normal',
    )
  // Only a new namespace heeds them; one that is in the file already: see prepareNamespace.
  for (const name of Object.values(searchAttributes)) args.push('--search-attribute', `${name}=Keyword`)
  for (const setting of quickSettings) args.push('--dynamic-config-value', setting)
  if (options.setpriv === undefined) return { command: options.binary, args }
  return { command: options.setpriv, args: ['--pdeathsig', 'KILL', '--', options.binary, ...args] }
}

/** `setpriv`, when this machine has it and it can do what is asked of it. */
export async function findSetpriv(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  return runCommand('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], 5_000).then(
    () => 'setpriv',
    () => undefined,
  )
}

export interface WaitForServerOptions {
  address: string
  namespace: string
  signal?: AbortSignal
  timeoutMs?: number
}

/**
 * Waits until a Temporal server answers and has the namespace.
 * @throws Error when it does not within `timeoutMs` (default 30 s) or the signal aborts
 */
export async function waitForTemporalServer(options: WaitForServerOptions): Promise<void> {
  const { address, namespace, signal, timeoutMs = 30_000 } = options
  const connection = Connection.lazy({ ...clientOptions({ address, namespace }), connectTimeout: 2_000 })
  const deadline = performance.now() + timeoutMs
  try {
    for (;;) {
      signal?.throwIfAborted()
      try {
        // gRPC waits a second after a refused connection; a plain one tells at once.
        await probePort(address)
        await connection.withDeadline(Date.now() + 2_000, () =>
          connection.workflowService.describeNamespace({ namespace }),
        )
        return
      } catch (error) {
        if (performance.now() > deadline)
          throw new Error(`Temporal at ${address} is not ready after ${timeoutMs / 1000} s`, { cause: error })
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    }
  } finally {
    await connection.close()
  }
}

const retentionMs = 30 * 24 * 60 * 60_000

/**
 * Has closed pipeline runs kept for 30 days instead of one, and found by whose they are. Only for a server that is ours.
 */
export function prepareNamespace(address: string, namespace: string): Promise<void> {
  return changeNamespace(address, namespace).catch(throwFromTemporal)
}

async function changeNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect(clientOptions({ address, namespace }))
  try {
    await ensureSearchAttributes(new Client({ connection, namespace }))
    const { config } = await connection.workflowService.describeNamespace({ namespace })
    if (tsToMs(config?.workflowExecutionRetentionTtl) >= retentionMs) return
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: msToTs(retentionMs) },
    })
  } finally {
    await connection.close()
  }
}
