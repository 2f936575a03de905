import { readFileSync } from 'node:fs'
import { Client, Connection, type ConnectionOptions } from '@temporalio/client'

export interface TemporalOptions {
  address: string
  namespace: string
  apiKey?: string | undefined
  tls?: boolean | undefined
  tlsServerName?: string | undefined
  tlsClientCertPath?: string | undefined
  tlsClientKeyPath?: string | undefined
  tlsServerCaCertPath?: string | undefined
}

/** Temporal does not answer at an address, or not as it should. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError'
  readonly code = 'temporal_unreachable'
  readonly address: string
  constructor(address: string, cause: unknown) {
    super(
      `Temporal at ${address} does not answer: ${rootMessage(cause)}. Start it, or set TEMPORAL_ADDRESS`,
      { cause },
    )
    this.address = address
  }
}

/** The namespace lacks something that this program rests on. */
export class TemporalCapabilityError extends Error {
  override readonly name = 'TemporalCapabilityError'
  readonly code = 'temporal_without_standalone_activities'
}

function rootMessage(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  return current instanceof Error ? current.message : String(current)
}

/** TLS and key options of a Temporal connection, for the client and the worker alike. */
export function connectionOptions(options: TemporalOptions) {
  const clientCertPair =
    options.tlsClientCertPath && options.tlsClientKeyPath
      ? { crt: readFileSync(options.tlsClientCertPath), key: readFileSync(options.tlsClientKeyPath) }
      : undefined
  const custom = {
    ...(options.tlsServerName ? { serverNameOverride: options.tlsServerName } : {}),
    ...(options.tlsServerCaCertPath
      ? { serverRootCACertificate: readFileSync(options.tlsServerCaCertPath) }
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

/**
 * Connects, or says within a few seconds why not.
 * @throws TemporalUnreachableError
 */
export async function connectTemporal(options: TemporalOptions): Promise<Client> {
  try {
    const connection = await Connection.connect({ ...connectionOptions(options), connectTimeout: 5_000 })
    return new Client({ connection, namespace: options.namespace })
  } catch (error) {
    throw new TemporalUnreachableError(options.address, error)
  }
}

/** A client that connects with its first call: for a server that must start while Temporal is away. */
export function lazyTemporalClient(options: TemporalOptions): Client {
  return new Client({ connection: Connection.lazy(connectionOptions(options)), namespace: options.namespace })
}

/**
 * Job runs are standalone activities: without them nothing would ever run.
 * @throws TemporalCapabilityError saying what to set
 */
export async function requireStandaloneActivities(client: Client): Promise<void> {
  const { namespaceInfo } = await client.workflowService.describeNamespace({
    namespace: client.options.namespace,
  })
  if (namespaceInfo?.capabilities?.standaloneActivities) return
  throw new TemporalCapabilityError(
    `namespace ${client.options.namespace} of this Temporal server does not allow standalone activities, which job runs are executed as. ` +
      'Use Temporal server 1.32 or newer, or set the dynamic configuration value activity.enableStandalone to true',
  )
}
