/** The public surface of `jobwright/job-types`: what a `jobwright.config.ts` is written with. */
export type { Json, JsonObject } from '../base/json.ts'
export type { JobsClient, JobsClientOptions } from '../client/index.ts'
export {
  type AnyJobType,
  type ConnectionOptions,
  type Connections,
  type DeclaredOutputWriter,
  defineConfig,
  defineJobType,
  type HandlerContext,
  type Isolation,
  JobRunError,
  type JobType,
  JobTypeDefinitionError,
  type JobTypeDescription,
  type NotificationFunction,
  type NotificationMessage,
  type Notifications,
  type OutputValue,
  type OutputWriter,
  type OutputWriterOf,
  RetryableError,
  type SecretSource,
  type Secrets,
  type TextOutputName,
  type UserConfig,
} from '../job-types/index.ts'
