import { generateIssue, metagraphUpdate } from './analysis/index.ts'
import { sleep } from './sleep.ts'
import type { AnyJobType } from './types.ts'

export type { ExecuteJobRunDependencies, WorkerLog } from './attempt.ts'
export { defineJobType } from './define-job-type.ts'
export { JobRunError, JobTypeDefinitionError, RetryableError } from './errors.ts'
export { createExecuteJobRun } from './execute-job-run.ts'
export { createRegistry, type JobTypeRegistry } from './registry.ts'
export type { AnyJobType, HandlerContext, JobType } from './types.ts'
export {
  type Connections,
  defineConfig,
  type LoadedUserConfig,
  loadUserConfig,
  type SecretSource,
  type Secrets,
  type UserConfig,
  UserConfigError,
} from './user-config.ts'

/** What every server offers and every worker can run. */
export const builtInJobTypes: readonly AnyJobType[] = [sleep, metagraphUpdate, generateIssue]
