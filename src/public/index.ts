/** The public surface of `jobwright`: compile pipelines, start, watch and steer their runs. */
export { type ErrorDetails, type Fault, JobwrightError } from '../base/errors.ts'
export type { Json, JsonObject } from '../base/json.ts'
export type { JobTypeSchemaEntry } from '../contract/index.ts'
export {
  type CompiledPipeline,
  type CompileOptions,
  type ConfigChecker,
  type ConfigProblem,
  type ConnectionMode,
  compilePipeline,
  createConfigChecker,
  type DrawingFormat,
  drawPipeline,
  type EarlierGeneration,
  type Finding,
  type IsUnknown,
  type PipelinePlan,
  type PipelineStatus,
  type PlanInput,
  type PlanStep,
  type PlanValue,
  type ResolvedInputs,
  type RetryReason,
  resolveInputs,
  type StatusFunction,
  type SteerVerb,
  type StepError,
  type StepRunView,
  type StepStatus,
  type UnknownTrigger,
} from '../pipeline/index.ts'
export {
  type AdoptedStep,
  type ListPipelines,
  type PipelineOwner,
  PipelineRunNotFoundError,
  type PipelineRunSummary,
  type PipelineRunView,
  PipelinesClient,
  type PipelinesClientOptions,
  type PipelineTimingOptions,
  type StartedPipeline,
  type StartPipeline,
  type SteeredStep,
  type SteerResult,
  type WatchPipeline,
} from '../pipelines/index.ts'
export {
  connectTemporal,
  SearchAttributesError,
  type TemporalOptions,
  TemporalUnreachableError,
} from '../temporal/index.ts'
