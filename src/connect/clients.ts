import { JobwrightError } from '../base/errors.ts'
import type { JobsClient, PipelineRunsClient } from '../client/index.ts'
import type { Whoami } from '../contract/index.ts'
import type { PipelinesClient } from '../pipelines/index.ts'
import type { SchedulesClient } from '../schedules/index.ts'
import type { ConnectConfig, KnownConnection } from './config.ts'
import { type FindStack, locateApi, locateTemporal } from './locate.ts'

/** Clients are loaded when one is needed: both take a while. */

export interface PipelinesAccess {
  pipelines: PipelinesClient
  schedules: SchedulesClient
  close(): Promise<void>
}

/** @param owner asked for each run that is started */
export async function connectPipelines(
  config: ConnectConfig,
  owner: () => Promise<Whoami | undefined>,
  findStack?: FindStack,
): Promise<PipelinesAccess> {
  const { options: place } = await locateTemporal(config, findStack)
  const { connectTemporal } = await import('../temporal/index.ts')
  const { PipelinesClient } = await import('../pipelines/index.ts')
  const { SchedulesClient } = await import('../schedules/index.ts')
  const client = await connectTemporal(place)
  const closing = new AbortController()
  const jobTypes = async (signal: AbortSignal) =>
    (await connectApi(config, findStack)).listJobSchemas({ signal })
  const options = {
    owner,
    jobTypes,
    installation: config.installation,
    timing: config.timing,
    closing: closing.signal,
  }
  return {
    pipelines: new PipelinesClient(client, options),
    schedules: new SchedulesClient(client, options),
    async close() {
      closing.abort(
        new JobwrightError({
          code: 'client_closed',
          fault: 'usage',
          message: 'the connection was closed before what was waited for had ended; runs go on',
          fix: 'wait for what was asked (is an `await` missing?), and leave watching, before it is closed',
        }),
      )
      await client.connection.close()
    },
  }
}

export async function connectApi(config: ConnectConfig, findStack?: FindStack): Promise<JobsClient> {
  return clientOf(await locateConnection(config, findStack), config.timing.requestTimeoutMs)
}

export async function connectPipelineApi(
  config: ConnectConfig,
  findStack?: FindStack,
): Promise<PipelineRunsClient> {
  const { url: baseUrl, ...options } = await locateConnection(config, findStack)
  const { PipelineRunsClient } = await import('../client/index.ts')
  return new PipelineRunsClient({ baseUrl, ...options, timeoutMs: config.timing.requestTimeoutMs })
}

async function locateConnection(config: ConnectConfig, findStack?: FindStack) {
  const { baseUrl: url, token, source } = await locateApi(config, findStack)
  return { url, token, headers: source === 'environment' ? config.jobsApi.headers : {} }
}

/** A client of a connection of the configuration. */
export async function clientOf(
  { url: baseUrl, token, headers = {} }: KnownConnection,
  timeoutMs: number,
): Promise<JobsClient> {
  const { JobsClient } = await import('../client/index.ts')
  return new JobsClient({ baseUrl, token, headers, timeoutMs })
}

const nobodyToAsk: readonly string[] = ['no_jobs_api', 'no_token']

/** Whose token it is; undefined when there is no Jobs API to ask, or no token to ask about, or it cannot tell. */
export async function askWhoami(
  connect: () => Promise<JobsClient>,
  signal?: AbortSignal,
): Promise<Whoami | undefined> {
  let api: JobsClient
  try {
    api = await connect()
  } catch (error) {
    if (error instanceof JobwrightError && nobodyToAsk.includes(error.code)) return undefined
    throw error
  }
  return api.whoami({ signal })
}
