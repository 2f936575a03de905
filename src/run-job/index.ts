export type { JobTypes } from '../pipeline/build/job-types.ts'
export { runJob } from './run-job.ts'
export { secret } from './secret.ts'
export type {
  ConfigField,
  ConfigOf,
  DescribedJobType,
  FailedJobRun,
  JobRunOf,
  JobTypeNamed,
  OutputsOf,
  RunJobOptions,
  WithSecrets,
} from './types.ts'
