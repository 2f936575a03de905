import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createSecureContext } from 'node:tls'
import {
  Client,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client'
import { codeOf, messageOf, rootMessageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import { isLoopback } from '../base/loopback.ts'
import { endWithChannel } from './closed-channel.ts'
import { TemporalUnreachableError, throwFromTemporal } from './failures.ts'

/** Where a Temporal server is, and how to talk to it; for a key, TLS is on unless `tls` says otherwise. */
export interface TemporalOptions {
  /** `host` or `host:port`. */
  address: string
  namespace: string
  apiKey?: string | undefined
  tls?: boolean | undefined
  tlsServerName?: string | undefined
  tlsClientCertPath?: string | undefined
  tlsClientKeyPath?: string | undefined
  tlsServerCaCertPath?: string | undefined
}

/** A file that the TLS settings name cannot be used. */
function badTlsSetting(message: string, cause?: unknown): JobwrightError {
  return new JobwrightError({ code: 'bad_environment', fault: 'usage', message, cause })
}

/**
 * TLS and key options of a Temporal connection, for the client and the worker alike.
 * @throws JobwrightError `bad_environment`
 */
export function endpointOptions(options: TemporalOptions) {
  const clientCertPair = readCertPair(options)
  const custom = {
    ...(options.tlsServerName ? { serverNameOverride: options.tlsServerName } : {}),
    ...(options.tlsServerCaCertPath
      ? { serverRootCACertificate: readTlsFile('SERVER_CA_CERT', options.tlsServerCaCertPath) }
      : {}),
    ...(clientCertPair ? { clientCertPair } : {}),
  }
  const wanted = options.tls ?? (options.apiKey !== undefined || Object.keys(custom).length > 0)
  return {
    address: options.address,
    ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
    ...(wanted ? { tls: custom } : {}),
  } satisfies ConnectionOptions
}

function readTlsFile(what: 'CLIENT_CERT' | 'CLIENT_KEY' | 'SERVER_CA_CERT', file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const reason = codeOf(error) ?? messageOf(error)
    throw badTlsSetting(`TEMPORAL_TLS_${what}_PATH: cannot read ${file} (${reason})`, error)
  }
}

function readCertPair({ tlsClientCertPath, tlsClientKeyPath }: TemporalOptions) {
  if (!tlsClientCertPath && !tlsClientKeyPath) return undefined
  if (!tlsClientCertPath || !tlsClientKeyPath)
    throw badTlsSetting(
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: one is set, expected both',
    )
  const pair = {
    crt: readTlsFile('CLIENT_CERT', tlsClientCertPath),
    key: readTlsFile('CLIENT_KEY', tlsClientKeyPath),
  }
  try {
    createSecureContext({ cert: pair.crt, key: pair.key })
  } catch (error) {
    throw badTlsSetting(
      `TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: ${tlsClientCertPath} and ${tlsClientKeyPath} cannot be used together (${rootMessageOf(error)})`,
      error,
    )
  }
  return pair
}

/** gRPC would try after one second first, and after two minutes at most: a Temporal that is started again is found sooner. */
const reconnecting = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 }

/**
 * Options of a client's connection. gRPC sends everything through a proxy that the environment names, and would ask it
 * for the server on this machine; Temporal's own core, which workers use, heeds no such variable.
 */
export function clientOptions(options: TemporalOptions): ConnectionOptions {
  const host = options.address.replace(/:\d+$/, '')
  const direct = isLoopback(host) ? { 'grpc.enable_http_proxy': 0 } : {}
  return {
    ...endpointOptions(options),
    channelArgs: { ...reconnecting, ...direct },
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), endWithChannel()],
  }
}

/**
 * Connects, or says within a few seconds why not.
 * @throws TemporalUnreachableError, JobwrightError `bad_environment`
 *
 * @example
 * ```ts
 * import { connectTemporal, PipelinesClient } from 'jobwright'
 *
 * const temporal = await connectTemporal({ address: '127.0.0.1:7233', namespace: 'default' })
 * try {
 *   console.log((await new PipelinesClient(temporal).list()).runs)
 * } finally {
 *   await temporal.connection.close()
 * }
 * ```
 */
export async function connectTemporal(options: TemporalOptions): Promise<Client> {
  const connectable = clientOptions(options)
  try {
    const connection = await Connection.connect({ ...connectable, connectTimeout: 5_000 })
    return new Client({ connection, namespace: options.namespace })
  } catch (error) {
    // gRPC tells only that its time was up; a plain connection tells why.
    const cause = await probePort(options.address).then(
      () => error,
      (reason: unknown) => reason,
    )
    throw new TemporalUnreachableError(options.address, cause)
  }
}

/** Whether something listens at `host:port`. @throws the reason when nothing does */
export async function probePort(address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const socket = connect({ host, port: Number(port) || 7233, timeout: 2_000 })
  socket.once('timeout', () => socket.destroy(new Error('timed out')))
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

/** A client that connects with its first call: for a server that must start while Temporal is away. */
export function lazyTemporalClient(options: TemporalOptions): Client {
  return new Client({ connection: Connection.lazy(clientOptions(options)), namespace: options.namespace })
}

/**
 * Job runs are standalone activities: without them nothing would ever run.
 * @throws JobwrightError `temporal_without_standalone_activities` saying what to set, or what fromTemporal makes of a failed call
 */
export async function requireStandaloneActivities(client: Client): Promise<void> {
  const { namespace } = client.options
  const { namespaceInfo } = await client.workflowService
    .describeNamespace({ namespace })
    .catch(throwFromTemporal)
  if (namespaceInfo?.capabilities?.standaloneActivities) return
  throw new JobwrightError({
    code: 'temporal_without_standalone_activities',
    fault: 'unreachable',
    message: `namespace ${namespace} of this Temporal server does not allow standalone activities, which job runs are executed as`,
    fix: 'use Temporal server 1.32 or newer, or set the dynamic configuration value activity.enableStandalone to true',
  })
}

/** What the server says of its version. @throws what fromTemporal makes of a failed call */
export async function serverVersion(client: Client): Promise<string> {
  const info = await client.workflowService.getSystemInfo({}).catch(throwFromTemporal)
  return info.serverVersion ?? ''
}
