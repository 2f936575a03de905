import type { JobsClientOptions } from '../client/index.ts'
import type { Config } from '../config.ts'

/** What of the configuration says where everything is. */
export type ConnectConfig = Pick<Config, 'temporal' | 'jobsApi' | 'dataDir' | 'installation' | 'timing'>

/** Another Jobs API than the default one, as the user's configuration has it. */
export interface KnownConnection extends Pick<JobsClientOptions, 'token' | 'headers'> {
  url: string
  bounds?: object | undefined
}
