import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import path from 'node:path'
import { codeOf, messageOf } from '../base/causes.ts'
import { keepOutOfGit } from '../base/data-folder.ts'
import { JobwrightError } from '../base/errors.ts'
import { type ProcessIdentity, processIdentity } from '../base/process-lock.ts'
import { basePath } from '../contract/index.ts'
import { connectTemporal, requireStandaloneActivities, type TemporalOptions } from '../temporal/connect.ts'
import { type Crew, createCrew } from './crew.ts'
import { childEnvironment, type Environment, serverUrl, temporalEnvironment } from './environment.ts'
import { StackError } from './errors.ts'
import type { StackEvent } from './events.ts'
import { lockFolder, makeFolder } from './folder.ts'
import { ensureInstallationName } from './installation.ts'
import { endLeftovers } from './leftovers.ts'
import {
  defaultRoots,
  type RootCommands,
  serverPart,
  setAsideUnfinishedDatabase,
  temporalPart,
  workerPart,
} from './parts.ts'
import { drainMsFor, orphanPatienceMs } from './patience.ts'
import { chooseApiPort, preferPort } from './ports.ts'
import { infoOf, logsFolder, readRecord, type StackInfo, type StackRecord } from './record.ts'
import { createRecordBook } from './record-book.ts'
import { defaultRestartPolicy, type RestartPolicy } from './restart-policy.ts'
import type { PartSpec } from './supervisor.ts'
import { acquireTemporalBinary, prepareNamespace } from './temporal-cli/dev-server.ts'
import { ensureTokenFile } from './tokens.ts'

export interface StackOptions {
  /** Where everything is kept; made (mode 0700) when it is not there. */
  dataDir: string
  host: string
  /** Of the API; 0: a free one. */
  port: number
  /** Whether another port will do where that one is taken. */
  anyPort?: boolean
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
  /** How long server and worker may take to end before they are killed. @default what a handler may take to be handed over */
  drainMs?: number
  /** When a process that died is started again. */
  restartPolicy?: RestartPolicy
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
 * @throws StackError, TemporalBinaryError, TemporalUnreachableError or another JobwrightError when it cannot; nothing is
 * left running then
 */
export function startStack(options: StackOptions): Promise<Stack> {
  return start(options).catch((error: unknown) => {
    throw orUnusable(options.dataDir, error)
  })
}

/** What the system says of a folder that cannot be written to: its disk is full, it is read-only, or something is in the way. */
const unusable = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EIO']

function orUnusable(dataDir: string, error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof JobwrightError || code === undefined || !unusable.includes(code)) return error
  return new StackError('data_dir_unusable', `cannot write in ${dataDir}: ${messageOf(error)}`, {
    fix: 'free some space, or its permissions, or set JOBWRIGHT_DATA_DIR to another folder',
    cause: error,
  })
}

async function start(options: StackOptions): Promise<Stack> {
  await keepOutOfGit(options.dataDir, { isNew: await makeFolder(options.dataDir) })
  await makeFolder(logsFolder(options.dataDir))
  const lock = await lockFolder(options.dataDir)
  try {
    return await launch(options, await prepare(options), lock.release)
  } catch (error) {
    await lock.release()
    if (!options.signal?.aborted) throw error
    throw new StackError('interrupted', 'the start was interrupted', { cause: error })
  }
}

interface Prepared {
  record: StackRecord
  owner: ProcessIdentity
  temporal: TemporalChoice
  serverUrl: string
  environment: Record<string, string>
}

/** Everything that must be known before the first process is started. */
async function prepare(options: StackOptions): Promise<Prepared> {
  const {
    dataDir,
    host,
    temporal: { namespace },
    log = () => undefined,
  } = options
  const earlier = await readRecord(dataDir)
  await endLeftovers(earlier, log)
  const port = await chooseApiPort(host, options.port).catch((error: unknown) => {
    if (!options.anyPort || !(error instanceof StackError) || error.code !== 'port_in_use') throw error
    log({ kind: 'note', message: `${error.message}; taking a free one` })
    return chooseApiPort(host, 0)
  })
  const url = serverUrl(host, port)
  const tokenFile = path.join(dataDir, 'token')
  const workerTokenFile = path.join(dataDir, 'worker-token')
  const token = await ensureTokenFile(tokenFile)
  const workerToken = await ensureTokenFile(workerTokenFile)
  const temporal = await chooseTemporal(options, earlier, log)
  const owner = (await processIdentity(process.pid)) ?? { pid: process.pid, startedAt: '' }
  const record: StackRecord = {
    version: 1,
    owner,
    ready: false,
    children: {},
    namespace,
    temporalAddress: temporal.address,
    ...(temporal.own === undefined ? {} : { temporalPort: temporal.own.port }),
    apiUrl: url + basePath,
    defaultConnection: options.environment.JOBS_API_URL ?? url + basePath,
    tokenFile,
    workerTokenFile,
  }
  const environment = childEnvironment(options.environment, {
    temporalAddress: temporal.address,
    namespace,
    temporalIsExternal: temporal.own === undefined,
    dataDir,
    host,
    port,
    serverUrl: url,
    token,
    workerToken,
    configFile: options.configFile,
    workerName: workerNameOf(dataDir),
    compileCache: path.join(options.cacheDir, 'jobwright', 'compiled'),
    // With a Temporal server of its own it is alone in it.
    installation:
      options.environment.JOBWRIGHT_INSTALLATION ??
      (temporal.own === undefined ? await ensureInstallationName(dataDir) : undefined),
  })
  return { record, owner, temporal, serverUrl: url, environment }
}

async function launch(
  options: StackOptions,
  prepared: Prepared,
  unlock: () => Promise<void>,
): Promise<Stack> {
  const { dataDir, signal, log = () => undefined, restartPolicy = defaultRestartPolicy } = options
  const { temporal, environment, serverUrl: url } = prepared
  const { drainMs = drainMsFor(environment), roots = defaultRoots(orphanPatienceMs(drainMs)) } = options
  const book = createRecordBook(dataDir, prepared.record)
  const crew = createCrew({ log, restartPolicy, processChanged: book.processChanged })
  const stop = once(async () => {
    const startedAt = performance.now()
    log({ kind: 'stopping', atMostMs: drainMs })
    await crew.stop()
    // Nothing is lost by a record that still names us: we are gone, and the next start sees it.
    await book
      .close()
      .catch((error: unknown) => log({ kind: 'note', message: messageOf(orUnusable(dataDir, error)) }))
    await unlock()
    log({ kind: 'stopped', tookMs: performance.now() - startedAt })
  })
  const startTemporal = async () => {
    if (temporal.own === undefined) return
    await startOwnTemporal(crew, temporal.own.part, dataDir, log)
    await prepareNamespace(temporal.address, prepared.record.namespace)
  }
  const onAbort = () => void stop()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    signal?.throwIfAborted()
    await book.save()
    // The server starts beside Temporal, which it can do without for a while; the worker cannot.
    const server = crew.start(
      serverPart({ dataDir, root: roots.server, environment, drainMs, serverUrl: url }),
    )
    const worker = startTemporal().then(
      () => crew.start(workerPart({ dataDir, root: roots.worker, environment, drainMs })).ready,
    )
    await Promise.all([server.ready, worker])
    const record = await book.becomeReady()
    const done = crew.done().finally(stop)
    done.catch(() => undefined)
    return { info: infoOf(dataDir, record, prepared.owner), done, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

async function startOwnTemporal(
  crew: Crew,
  part: PartSpec,
  dataDir: string,
  log: (event: StackEvent) => void,
): Promise<void> {
  try {
    await crew.start(part).ready
  } catch (error) {
    if (!(await setAsideUnfinishedDatabase(dataDir, error))) throw error
    log({
      kind: 'note',
      message: 'Temporal was killed while it made its database; starting it with a new one',
    })
    await crew.start(part).ready
  }
}

interface TemporalChoice {
  address: string
  /** Only when the server is ours. */
  own?: { port: number; part: PartSpec }
}

async function chooseTemporal(
  options: StackOptions,
  earlier: StackRecord | undefined,
  log: (event: StackEvent) => void,
): Promise<TemporalChoice> {
  const { address, binary, namespace } = options.temporal
  if (address !== undefined) {
    const client = await connectTemporal({ ...options.temporal, address })
    // The worker would refuse it too, but only after everything else was started.
    await requireStandaloneActivities(client).finally(() => client.connection.close())
    return { address }
  }
  const cli = await acquireTemporalBinary({
    binary,
    cacheDir: options.cacheDir,
    signal: options.signal,
    log: (message, isDetail) => log({ kind: isDetail ? 'detail' : 'note', message }),
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
  return { address: `127.0.0.1:${port}`, own: { port, part } }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= action()
    return running
  }
}

/** The stack starts the next worker after the end of the last, and the lock of its folder sees to it that it is alone there. */
function workerNameOf(dataDir: string): string {
  return `stack-${createHash('sha256').update(`${hostname()}\0${dataDir}`).digest('hex').slice(0, 16)}`
}
