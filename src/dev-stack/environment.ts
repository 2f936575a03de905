import { shutdownGraceMs } from './patience.ts'

/** What the processes of the stack find in their environment. Pure. */

export type Environment = Readonly<Record<string, string | undefined>>

export interface ChildValues {
  temporalAddress: string
  namespace: string
  /** Whether the Temporal server is the user's own: then their settings of the connection stay. */
  temporalIsExternal: boolean
  dataDir: string
  host: string
  port: number
  /** Without `/api/v1`. */
  serverUrl: string
  token: string
  workerToken: string
  configFile: string | undefined
  /** Where Node.js keeps what it has compiled: a process that is started again is there sooner. */
  compileCache: string
  /** Of the one worker of the stack. */
  workerName: string
  /** Its name among those that share the Temporal namespace; undefined: the only one. */
  installation: string | undefined
}

/**
 * Much of what a request or a task leaves behind lives for moments: Node.js lets it grow to tens of MiB before it looks, and keeps them.
 * A little of it costs no more time. What the user says comes later, and counts.
 */
const youngHeap = '--max-semi-space-size=4'

/** The address of the API for those on this machine, whatever it listens on. */
export function serverUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** Everything the user set, and over it what the stack decides. A default connection the user named stays. */
export function childEnvironment(inherited: Environment, values: ChildValues): Record<string, string> {
  const kept = Object.entries(inherited).filter(
    ([name, value]) => value !== undefined && (values.temporalIsExternal || !name.startsWith('TEMPORAL_')),
  ) as [string, string][]
  const token = `default/dev@localhost=${values.token}`
  const tokens = inherited.JOBWRIGHT_TOKENS ? `${inherited.JOBWRIGHT_TOKENS},${token}` : token
  const ownConnection = { JOBS_API_URL: `${values.serverUrl}/api/v1`, JOBS_API_TOKEN: values.token }
  return {
    JOBWRIGHT_SHUTDOWN_GRACE_MS: String(shutdownGraceMs),
    NODE_COMPILE_CACHE: values.compileCache,
    ...Object.fromEntries(kept),
    NODE_OPTIONS: inherited.NODE_OPTIONS ? `${youngHeap} ${inherited.NODE_OPTIONS}` : youngHeap,
    ...(inherited.JOBS_API_URL ? {} : ownConnection),
    ...(values.configFile === undefined ? {} : { JOBWRIGHT_CONFIG: values.configFile }),
    ...(values.installation === undefined ? {} : { JOBWRIGHT_INSTALLATION: values.installation }),
    TEMPORAL_ADDRESS: values.temporalAddress,
    TEMPORAL_NAMESPACE: values.namespace,
    JOBWRIGHT_DATA_DIR: values.dataDir,
    JOBWRIGHT_HOST: values.host,
    JOBWRIGHT_PORT: String(values.port),
    JOBWRIGHT_URL: values.serverUrl,
    JOBWRIGHT_TOKENS: tokens,
    JOBWRIGHT_WORKER_TOKEN: values.workerToken,
    JOBWRIGHT_WORKER_NAME: values.workerName,
  }
}

/** A Temporal server of ours must not take the user's connection settings for its own. */
export function temporalEnvironment(inherited: Environment): Record<string, string> {
  const kept = Object.entries(inherited).filter(
    ([name, value]) => value !== undefined && !/^(TEMPORAL|JOBWRIGHT|JOBS_API)_/.test(name),
  ) as [string, string][]
  return Object.fromEntries(kept)
}
