import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import {
  acquireProcessLock,
  type ProcessIdentity,
  ProcessLockedError,
  processIdentity,
} from '../process-lock.ts'
import { connectTemporal, type TemporalOptions } from '../temporal/connection.ts'
import { acquireTemporalBinary, raiseRetention } from '../temporal/dev-server.ts'
import { childEnvironment, type Environment, serverUrl, temporalEnvironment } from './environment.ts'
import { StackError } from './errors.ts'
import type { StackEvent } from './events.ts'
import { endLeftovers } from './leftovers.ts'
import { defaultRoots, type RootCommands, serverPart, temporalPart, workerPart } from './parts.ts'
import { chooseApiPort, preferPort } from './ports.ts'
import { infoOf, logsFolder, readRecord, type StackInfo, type StackRecord, writeRecord } from './record.ts'
import { type Part, type PartHooks, type PartSpec, supervise } from './supervisor.ts'
import { ensureTokenFile } from './tokens.ts'

export interface StackOptions {
  /** Where everything is kept; made (mode 0700) when it is not there. */
  dataDir: string
  host: string
  /** Of the API; 0: a free one. */
  port: number
  /** A user's `jobwright.config.ts`. */
  configFile?: string | undefined
  /** With an address, that server is used and none is started; `binary` names the CLI to start. */
  temporal: Omit<TemporalOptions, 'address'> & { address?: string | undefined; binary?: string | undefined }
  /** Where the Temporal CLI is cached, below `jobwright/` (`$XDG_CACHE_HOME` or `~/.cache`). */
  cacheDir: string
  /** What the child processes inherit. */
  environment: Environment
  /** Told what happens; see describeStackEvent. */
  log?: (event: StackEvent) => void
  /** Aborting it while the stack starts ends what was started. */
  signal?: AbortSignal
  /** Other programs than our own roots. */
  roots?: RootCommands
}

export interface Stack {
  info: StackInfo
  /** Settles after `stop`; rejects with a StackError when a process dies again and again (then all is stopped). */
  done: Promise<void>
  /** Ends worker, server and Temporal in this order; SIGKILL after a grace. May be called twice. */
  stop(): Promise<void>
}

/**
 * Starts Temporal, the API server and a worker as child processes and keeps them alive.
 * @throws StackError, TemporalBinaryError or TemporalUnreachableError when it cannot; nothing is left running then
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  await makeFolder(options.dataDir)
  await makeFolder(logsFolder(options.dataDir))
  const lock = await lockFolder(options.dataDir)
  try {
    const identity = await processIdentity(process.pid)
    return await startLocked(options, {
      identity: identity ?? { pid: process.pid, startedAt: '' },
      release: lock.release,
    })
  } catch (error) {
    await lock.release()
    throw error
  }
}

interface Ownership {
  identity: ProcessIdentity
  release(): Promise<void>
}

async function startLocked(options: StackOptions, lock: Ownership): Promise<Stack> {
  const { dataDir, host, log = () => undefined } = options
  const earlier = await readRecord(dataDir)
  await endLeftovers(earlier, log)
  const port = await chooseApiPort(host, options.port)
  const url = serverUrl(host, port)
  const tokenFile = path.join(dataDir, 'token')
  const workerTokenFile = path.join(dataDir, 'worker-token')
  const token = await ensureTokenFile(tokenFile)
  const workerToken = await ensureTokenFile(workerTokenFile)
  const temporal = await chooseTemporal(options, earlier, log)
  const { namespace } = options.temporal
  const book = createRecordBook(dataDir, {
    version: 1,
    owner: lock.identity,
    ready: false,
    children: {},
    namespace,
    temporalAddress: temporal.address,
    ...(temporal.port === undefined ? {} : { temporalPort: temporal.port }),
    apiUrl: `${url}/api/v1`,
    tokenFile,
    workerTokenFile,
  })
  const environment = childEnvironment(options.environment, {
    temporalAddress: temporal.address,
    namespace,
    temporalIsExternal: temporal.port === undefined,
    dataDir,
    host,
    port,
    serverUrl: url,
    token,
    workerToken,
    configFile: options.configFile,
  })
  const roots = options.roots ?? defaultRoots()
  const crew = createCrew({ log, processChanged: book.processChanged })
  const stop = once(async () => {
    const startedAt = performance.now()
    await crew.stop()
    await book.close()
    await lock.release()
    log({ kind: 'stopped', tookMs: performance.now() - startedAt })
  })
  const onAbort = () => void stop()
  options.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    options.signal?.throwIfAborted()
    await book.save()
    const server = crew.start(serverPart({ dataDir, root: roots.server, environment, serverUrl: url }))
    const worker = async () => {
      if (temporal.part !== undefined) await crew.start(temporal.part).ready
      if (temporal.port !== undefined) await raiseRetention(temporal.address, namespace)
      await crew.start(workerPart({ dataDir, root: roots.worker, environment })).ready
    }
    await Promise.all([server.ready, worker()])
    const record = await book.becomeReady()
    const done = crew.done().finally(stop)
    done.catch(() => undefined)
    return { info: infoOf(dataDir, record, lock.identity), done, stop }
  } catch (error) {
    await stop()
    throw options.signal?.aborted
      ? new StackError('interrupted', 'the start was interrupted', { cause: error })
      : error
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}

interface TemporalChoice {
  address: string
  /** Both only when the server is ours. */
  port?: number
  part?: PartSpec
}

async function chooseTemporal(
  options: StackOptions,
  earlier: StackRecord | undefined,
  log: (event: StackEvent) => void,
): Promise<TemporalChoice> {
  const { address, binary, namespace } = options.temporal
  if (address !== undefined) {
    const client = await connectTemporal({ ...options.temporal, address })
    await client.connection.close()
    return { address }
  }
  const cli = await acquireTemporalBinary({
    binary,
    cacheDir: options.cacheDir,
    log: (message) => log({ kind: 'note', message }),
  })
  const port = await preferPort(earlier?.temporalPort)
  const environment = temporalEnvironment(options.environment)
  const part = await temporalPart({
    dataDir: options.dataDir,
    binary: cli.path,
    port,
    namespace,
    environment,
  })
  return { address: `127.0.0.1:${port}`, port, part }
}

/** The parts that were started, which end in a fixed order. */
function createCrew(hooks: PartHooks) {
  const parts = new Map<string, Part>()
  let stopping = false
  const start = (spec: PartSpec): Part => {
    if (stopping) throw new StackError('interrupted', 'the stack is being stopped')
    const part = supervise(spec, hooks)
    parts.set(spec.name, part)
    return part
  }
  return {
    start,
    done: async () => void (await Promise.all([...parts.values()].map((part) => part.done))),
    async stop() {
      stopping = true
      // The worker hands its waits over, which needs the server and Temporal; the server needs Temporal.
      for (const name of ['worker', 'server', 'temporal']) await parts.get(name)?.stop()
    },
  }
}

/** Keeps stack.json true; writes follow one another. */
function createRecordBook(dataDir: string, initial: StackRecord) {
  let record = initial
  let last: Promise<void> = Promise.resolve()
  const save = (next: StackRecord): Promise<void> => {
    record = next
    last = last.catch(() => undefined).then(() => writeRecord(dataDir, record))
    return last
  }
  const processChanged: PartHooks['processChanged'] = async (part, pid) => {
    const identity = pid === undefined ? undefined : await processIdentity(pid)
    const { [part]: _before, ...others } = record.children
    await save({ ...record, children: identity === undefined ? others : { ...others, [part]: identity } })
  }
  return {
    processChanged,
    save: () => save(record),
    async becomeReady() {
      await save({ ...record, ready: true })
      return record
    },
    async close() {
      const { owner: _owner, ...rest } = record
      await save({ ...rest, ready: false })
    },
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StackError(
      'data_dir_unusable',
      `cannot make ${folder}: ${reason}. Set JOBWRIGHT_DATA_DIR to another folder`,
    )
  }
}

async function lockFolder(dataDir: string) {
  try {
    return await acquireProcessLock(path.join(dataDir, 'stack.lock'))
  } catch (error) {
    if (!(error instanceof ProcessLockedError)) throw error
    const message = `a stack already runs on ${dataDir} (process ${error.pid}). Use that one, stop it, or set JOBWRIGHT_DATA_DIR`
    throw new StackError('data_dir_in_use', message, { cause: error })
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= action()
    return running
  }
}
