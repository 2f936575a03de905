/** The public surface of `jobwright/workflow`: job runs in workflows that users write themselves. Runs in the workflow isolate. */
export type { Json, JsonObject } from '../base/json.ts'
export type { SecretReference, SecretTemplate } from '../contract/jobs/references.ts'
export type { EarlierGeneration, RetryReason, StepError } from '../pipeline/plan/index.ts'
export {
  type ConfigField,
  type ConfigOf,
  type DefinedJobType,
  type Duration,
  type FailedJobRun,
  type JobRunOf,
  type JobTypeName,
  type JobTypeShape,
  type JobTypes,
  type OtherJobType,
  type OutputsOf,
  type OutputsOfSchemas,
  otherJobType,
  type RunJobOptions,
  runJob,
  type ShapeOf,
  secret,
  type UnknownConfig,
  type UnknownOutputs,
  type WithSecrets,
  type ZodSchema,
} from '../run-job/index.ts'
