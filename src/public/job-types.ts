/** The public surface of `jobwright/job-types`: what a `jobwright.config.ts` is written with. */
export type { Json, JsonObject } from '../base/json.ts'
export type { JobsClient, JobsClientOptions } from '../client/index.ts'
export {
  type AnyJobType,
  type Connections,
  defineConfig,
  defineJobType,
  type HandlerContext,
  JobRunError,
  type JobType,
  JobTypeDefinitionError,
  RetryableError,
  type SecretSource,
  type Secrets,
  type UserConfig,
} from '../job-types/index.ts'
