export type { Duration } from '../base/duration.ts'
export {
  type ConfigOf,
  type DefinedJobType,
  type JobTypeName,
  type JobTypeShape,
  type OtherJobType,
  type OutputsOf,
  type OutputsOfSchemas,
  otherJobType,
  type ShapeOf,
  type UnknownConfig,
  type UnknownOutputs,
  type ZodSchema,
} from '../pipeline/build/job-type-types.ts'
export type { JobTypes } from '../pipeline/build/job-types.ts'
export { runJob } from './run-job.ts'
export { secret } from './secret.ts'
export type {
  ConfigField,
  FailedJobRun,
  JobRunOf,
  RunJobOptions,
  WithSecrets,
} from './types.ts'
