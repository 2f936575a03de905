import type { JobsClient, PipelineRunsClient } from '../client/index.ts'
import type { Config } from '../config.ts'
import type { KnownConnection } from '../connect/config.ts'
import type { JobTypeSchemaEntry, Whoami } from '../contract/index.ts'
import type { Finding } from '../pipeline/index.ts'
import type { LimitState, PipelineRunSummary, PipelineRunView, PipelinesClient } from '../pipelines/index.ts'
import type { SchedulesClient } from '../schedules/index.ts'
import type { Terminal } from './terminal.ts'

export type { Finding, JobsClient, JobTypeSchemaEntry, LimitState, PipelineRunSummary, PipelineRunView }

/** What the commands need of the configuration; `config.ts` gives more. */
export type CliConfig = Pick<
  Config,
  | 'temporal'
  | 'jobsApi'
  | 'server'
  | 'databaseUrl'
  | 'dataDir'
  | 'cacheDir'
  | 'inheritedEnvironment'
  | 'proxyVariables'
  | 'host'
  | 'port'
  | 'plain'
  | 'configFile'
  | 'installation'
  | 'logLevel'
  | 'timing'
>

/** The client's surface, without its insides, so that tests can stand in for it. */
export type Pipelines = Pick<PipelinesClient, keyof PipelinesClient>

export type Schedules = Pick<SchedulesClient, keyof SchedulesClient>

export interface PipelinesAccess {
  pipelines: Pipelines
  schedules: Schedules
  close(): Promise<void>
}

/** The process around the commands. They know nothing else of it, so that tests can run them without one. */
export interface CliHost extends Terminal {
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
  /** Whether stderr shows colors; of stdout, see Terminal. */
  errorColor: boolean
  cwd: string
  version: string
  /** The folder of this package. */
  home: string
  /** Of Node.js. */
  nodeVersion: string
  /** From now on times are shown in UTC. */
  useUtc(): void
  /** From now on the server, here or in what is started, is one of the reference alone. */
  servePlain(): void
  /** Aborts on Ctrl-C. */
  signal: AbortSignal
  /** Milliseconds since the epoch. */
  now(): number
  /** @throws JobwrightError `bad_environment` */
  loadConfig(): CliConfig
  /** Runs `server` or `worker` in our place; its exit code, where that is a child's. */
  runRoot(root: 'server' | 'worker'): Promise<number>
  /** Loads a program of the user's, by its URL: it may throw anything. @throws JobwrightError `program_never_loads` */
  loadModule(url: string): Promise<Record<string, unknown>>
  /** The other Jobs APIs of the user's configuration. @throws UserConfigError */
  connections(config: CliConfig): Promise<Readonly<Record<string, KnownConnection>>>
  /**
   * The user's configuration: the file that `config` names, else the one in the directory; undefined when there is none.
   * @throws UserConfigError
   */
  userConfig(config: CliConfig, directory: string): Promise<KnownConfig | undefined>
  /** What every server of this version offers. */
  builtInJobTypes(): Promise<JobTypeSchemaEntry[]>
}

/** What a user's `jobwright.config.ts` has, without the values of its secrets. */
export interface KnownConfig {
  file: string
  secrets: string[]
  connections: string[]
  notifications: string[]
  notificationTargets: readonly string[]
  jobTypes(): JobTypeSchemaEntry[]
}

export interface CliContext extends CliHost {
  config: CliConfig
  /** `json`: data on stdout and nothing else. */
  output: 'text' | 'json'
  /** @throws JobwrightError `no_temporal`, TemporalUnreachableError */
  connect(): Promise<PipelinesAccess>
  /** @throws JobwrightError `no_jobs_api`, `no_token` */
  api(): Promise<JobsClient>
  /** For what the server keeps of pipelines. @throws JobwrightError `no_jobs_api`, `no_token` */
  pipelineApi(): Promise<PipelineRunsClient>
  /**
   * Whose token the commands use; undefined when there is no Jobs API to ask, or it cannot tell.
   * @throws JobsApiError when it does not answer, or refuses the token
   */
  whoami(): Promise<Whoami | undefined>
}

/** One line of diagnostics, on stderr. */
export function note(ctx: Pick<CliContext, 'stderr'>, line: string): void {
  ctx.stderr.write(`${line}\n`)
}
