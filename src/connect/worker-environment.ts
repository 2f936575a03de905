import { endpointOptions } from '../temporal/index.ts'
import type { ConnectConfig } from './config.ts'
import { type FindStack, locateConnection, locateTemporal } from './locate.ts'

/** Where a worker of your own, and who starts its workflows, find everything. */
export interface WorkerEnvironment {
  /** For `NativeConnection.connect` and for `Connection.connect`. */
  temporal: ReturnType<typeof endpointOptions>
  namespace: string
  /** For `jobwrightActivities`. */
  connections: {
    default: {
      url: string
      token: string | (() => string | Promise<string>)
      headers: Record<string, string>
    }
  }
}

/** @throws JobwrightError `no_temporal`, `no_jobs_api`, `no_token` */
export async function findWorkerEnvironment(
  config: ConnectConfig,
  findStack?: FindStack,
): Promise<WorkerEnvironment> {
  const { options } = await locateTemporal(config, findStack)
  return {
    temporal: endpointOptions(options),
    namespace: options.namespace,
    connections: { default: await locateConnection(config, findStack) },
  }
}
