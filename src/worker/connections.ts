import type { Connection } from '../activities/index.ts'
import { JobsClient } from '../client/index.ts'
import type { Config } from '../config.ts'
import { type ConnectionSettings, defaultRequestsPerSecond } from '../job-types/index.ts'

/** Every Jobs API that pipelines of this worker can name; `default` is the environment's where that has one. */
export function createConnections(
  { jobsApi, timing }: Pick<Config, 'jobsApi' | 'timing'>,
  configured: Readonly<Record<string, ConnectionSettings>>,
): ReadonlyMap<string, Connection> {
  const connections = new Map<string, Connection>()
  const add = (name: string, { url, token, headers, bounds, ...rest }: ConnectionSettings) => {
    const api = new JobsClient({ baseUrl: url, token, headers, timeoutMs: timing.requestTimeoutMs })
    connections.set(name, { ...rest, api, ...(bounds ? { bounds } : {}) })
  }
  for (const [name, settings] of Object.entries(configured)) add(name, settings)
  const { url, token, requestsPerSecond = defaultRequestsPerSecond } = jobsApi
  if (url && token) add('default', { ...jobsApi, url, token, requestsPerSecond })
  return connections
}
