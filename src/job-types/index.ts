export {
  type ConnectionOptions,
  type ConnectionSettings,
  type Connections,
  connectionProblem,
  connectionSettings,
  defaultRequestsPerSecond,
} from './connections.ts'
export { defineJobType } from './define-job-type.ts'
export { JobRunError, JobTypeDefinitionError, RetryableError } from './errors.ts'
export { createRegistry, type JobTypeRegistry } from './registry.ts'
export type {
  AnyJobType,
  DeclaredOutputWriter,
  HandlerContext,
  Isolation,
  JobType,
  JobTypeDescription,
  OutputValue,
  OutputWriter,
  OutputWriterOf,
  TextOutputName,
} from './types.ts'
export {
  defineConfig,
  type LoadedUserConfig,
  loadUserConfig,
  type NotificationFunction,
  type NotificationMessage,
  type Notifications,
  type SecretSource,
  type Secrets,
  type UserConfig,
  UserConfigError,
} from './user-config.ts'
