import { requireNotRead } from '../base/reading-program.ts'
import type { JobsClient } from '../client/index.ts'
import type { PipelinesClient } from '../pipelines/index.ts'
import type { SchedulesClient } from '../schedules/index.ts'
import type { TemporalOptions } from '../temporal/index.ts'
import { askWhoami, connectApi, connectPipelines } from './clients.ts'
import type { ConnectConfig } from './config.ts'
import type { FindStack } from './locate.ts'

/** What is not as the environment has it. */
export interface ConnectOptions {
  /**
   * Where Temporal is.
   * @default the `TEMPORAL_*` variables, else the stack that runs here (`jobwright dev`)
   */
  temporal?: Partial<TemporalOptions> | undefined
  /**
   * The default connection's Jobs API.
   * @default `JOBS_API_URL` and `JOBS_API_TOKEN`, else the stack that runs here
   */
  jobsApi?: { url: string; token: string } | undefined
  /**
   * The folder of the stack that runs here.
   * @default `JOBWRIGHT_DATA_DIR`, else `.jobwright`
   */
  dataDir?: string | undefined
  /** Gives up connecting. */
  signal?: AbortSignal | undefined
}

/** The clients, ready for use. */
export interface Jobwright extends AsyncDisposable {
  /** Starts, watches and steers pipeline runs. */
  readonly pipelines: PipelinesClient
  /** Applies, explains and steers schedules of pipelines. */
  readonly schedules: SchedulesClient
  /** The Jobs API: job types, jobs and their runs. @throws JobwrightError `no_jobs_api`, `no_token` where there is none */
  readonly jobs: JobsClient
  /** Lets go of Temporal; runs go on. `await using` does it by itself. */
  close(): Promise<void>
}

/** What the configuration says, but for what the options say. @throws JobwrightError `no_temporal`, TemporalUnreachableError */
export async function connectWith(
  read: ConnectConfig,
  options: ConnectOptions = {},
  findStack?: FindStack,
): Promise<Jobwright> {
  requireNotRead()
  const { signal } = options
  const config = withOptions(read, options)
  signal?.throwIfAborted()
  // Where there is no Jobs API, pipelines can be watched all the same.
  const api = await connectApi(config, findStack).then(
    (client) => ({ client }),
    (error: unknown) => ({ error }),
  )
  const jobs = (): JobsClient => {
    if ('error' in api) throw api.error
    return api.client
  }
  const access = await connectPipelines(config, () => askWhoami(async () => jobs()), findStack)
  if (signal?.aborted) await access.close()
  signal?.throwIfAborted()
  return {
    pipelines: access.pipelines,
    schedules: access.schedules,
    get jobs() {
      return jobs()
    },
    close: () => access.close(),
    [Symbol.asyncDispose]: () => access.close(),
  }
}

function withOptions(config: ConnectConfig, { temporal, jobsApi, dataDir }: ConnectOptions): ConnectConfig {
  return {
    ...config,
    temporal: { ...config.temporal, ...temporal },
    jobsApi: { ...config.jobsApi, ...jobsApi },
    dataDir: dataDir ?? config.dataDir,
  }
}
