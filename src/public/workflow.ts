/** The public surface of `jobwright/workflow`: job runs in workflows that users write themselves. Runs in the workflow isolate. */
export type { Json, JsonObject } from '../base/json.ts'
export type { SecretReference, SecretTemplate } from '../contract/jobs/references.ts'
export type { EarlierGeneration, RetryReason, StepError } from '../pipeline/plan/index.ts'
export {
  type ConfigField,
  type ConfigOf,
  type DescribedJobType,
  type FailedJobRun,
  type JobRunOf,
  type JobTypeNamed,
  type JobTypes,
  type OutputsOf,
  type RunJobOptions,
  runJob,
  secret,
  type WithSecrets,
} from '../run-job/index.ts'
