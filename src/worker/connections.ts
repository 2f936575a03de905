import type { Connection } from '../activities/index.ts'
import { JobsClient } from '../client/index.ts'
import type { Config } from '../config.ts'
import { type ConnectionSettings, defaultRequestsPerSecond } from '../job-types/index.ts'

/** Every Jobs API that pipelines of this worker can name; `default` is the environment's where that has one. */
export function createConnections(
  { jobsApi, timing }: Pick<Config, 'jobsApi' | 'timing'>,
  configured: Readonly<Record<string, ConnectionSettings>>,
): ReadonlyMap<string, Connection> {
  const { url, token, requestsPerSecond = defaultRequestsPerSecond } = jobsApi
  const own = url && token ? { default: { ...jobsApi, url, token, requestsPerSecond } } : {}
  return connectionsOf({ ...configured, ...own }, timing.requestTimeoutMs)
}

/** By name, as activities use them. */
export function connectionsOf(
  settings: Readonly<Record<string, ConnectionSettings>>,
  timeoutMs: number,
): ReadonlyMap<string, Connection> {
  const connections = new Map<string, Connection>()
  for (const [name, { url, token, headers, bounds, ...rest }] of Object.entries(settings)) {
    const api = new JobsClient({ baseUrl: url, token, headers, timeoutMs })
    connections.set(name, { ...rest, api, ...(bounds ? { bounds } : {}) })
  }
  return connections
}
