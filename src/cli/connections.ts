import type { CliConfig, JobsClient, PipelinesConnection } from './context.ts'
import { type FindStack, locateApi, locateTemporal } from './locate.ts'

/** Connections are made by the first command that needs one: both clients take a while to load. */

export async function connectPipelines(
  config: CliConfig,
  findStack?: FindStack,
): Promise<PipelinesConnection> {
  const { options } = await locateTemporal(config, findStack)
  const { connectTemporal } = await import('../temporal/index.ts')
  const { PipelinesClient } = await import('../pipelines/index.ts')
  const client = await connectTemporal(options)
  const { timing } = config
  return { pipelines: new PipelinesClient(client, { timing }), close: () => client.connection.close() }
}

export async function connectApi(config: CliConfig, findStack?: FindStack): Promise<JobsClient> {
  const { baseUrl, token } = await locateApi(config, findStack)
  const { JobsClient } = await import('../client/index.ts')
  return new JobsClient({ baseUrl, token, timeoutMs: config.timing.requestTimeoutMs })
}
