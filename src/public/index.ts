/** The public surface of `jobwright`: compile pipelines, start, watch and steer their runs. */
import { loadConfig } from '../config.ts'
import { type ConnectOptions, connectWith, type Jobwright } from '../connect/connect.ts'

export { type ErrorDetails, type Fault, JobwrightError } from '../base/errors.ts'
export type { Json, JsonObject } from '../base/json.ts'
export type { ConnectOptions, Jobwright } from '../connect/connect.ts'
export type { JobTypeSchemaEntry } from '../contract/index.ts'
// As a whole: only so can a program add to its interface.
export * from '../pipeline/build/job-types.ts'
export {
  type AnyJobType,
  type AnyPipeline,
  type AnyStep,
  all,
  always,
  and,
  type Comparable,
  type CompiledPipeline,
  type CompileOptions,
  type ConcurrencyOptions,
  type ConfigChecker,
  type ConfigOf,
  type ConfigProblem,
  type ConnectionMode,
  cancelled,
  cel,
  compilePipeline,
  completed,
  contains,
  createConfigChecker,
  type DefinedJobType,
  type DefineStep,
  type DrawingFormat,
  type Duration,
  definePipeline,
  drawPipeline,
  type EachOptions,
  type EachOutputs,
  type EachSettings,
  type EarlierGeneration,
  type Expr,
  type ExprOf,
  eq,
  exists,
  type FieldsOf,
  type Finding,
  failed,
  ge,
  gt,
  has,
  type InOrder,
  type IsOpen,
  type IsUnknown,
  type ItemOf,
  type ItemTest,
  type JobIdTarget,
  type JobTypeName,
  type JobTypeShape,
  type JobTypeTarget,
  type Lift,
  type LiftedConfig,
  type LiftedOutputs,
  type LiftParts,
  type ListOnly,
  le,
  lt,
  type NamedPipelines,
  type NestedTarget,
  type NothingElse,
  ne,
  not,
  type OpenFields,
  type Ordered,
  type OtherJobType,
  type OutputsOf,
  type OutputsOfPipeline,
  type OutputsOfSchemas,
  type OutputsOfTarget,
  oneOf,
  or,
  otherJobType,
  type Pipeline,
  type PipelineDefinition,
  PipelineFindingsError,
  type PipelineInputs,
  type PipelineParts,
  type PipelinePlan,
  type PipelineStatus,
  type PipelineTarget,
  type PlanInput,
  type PlanStep,
  type PlanTarget,
  type PlanValue,
  type Primitive,
  type Priority,
  pipeline,
  type ResolvedInputs,
  type ResolvedPipeline,
  type ResolvePipeline,
  type RetryOptions,
  type RetryReason,
  type RunPipeline,
  resolveInputs,
  runOf,
  type ShapeOf,
  type Sized,
  type StatusFunction,
  type SteerVerb,
  type Step,
  type StepError,
  type StepOptions,
  type StepRunView,
  type StepSettings,
  type StepStatus,
  secret,
  size,
  status,
  type Targeted,
  type TargetOf,
  text,
  type UnknownConfig,
  type UnknownOutputs,
  type UnknownTrigger,
  type ValueOf,
  type WithSize,
  type ZodSchema,
} from '../pipeline/index.ts'
export {
  type AdoptedStep,
  type CallOptions,
  type GivenInputs,
  type ListPipelines,
  type PipelineOwner,
  type PipelineRun,
  PipelineRunError,
  PipelineRunNotFoundError,
  type PipelineRunPage,
  type PipelineRunSummary,
  type PipelineRunView,
  PipelinesClient,
  type PipelinesClientOptions,
  type PipelineTimingOptions,
  type ResultOptions,
  type StartablePipeline,
  type StartOptions,
  type SteeredStep,
  type SteerResult,
  type WatchPipeline,
} from '../pipelines/index.ts'
export type { CatchUp, Overlap, ScheduleRequest, ScheduleSpec } from '../schedule/plan/index.ts'
export {
  connectTemporal,
  SearchAttributesError,
  type TemporalOptions,
  TemporalUnreachableError,
} from '../temporal/index.ts'

/**
 * Connects a program to Temporal and to the Jobs API, as the environment says, else to the stack that `jobwright dev` runs in this
 * folder. Runs that it starts belong to whose token it uses.
 * @throws JobwrightError `no_temporal`, `bad_environment`; TemporalUnreachableError
 *
 * @example
 * ```ts
 * import { connect } from 'jobwright'
 *
 * await using jobwright = await connect()
 * for (const { job_type } of await jobwright.jobs.listJobSchemas()) console.log(job_type)
 * ```
 */
export function connect(options: ConnectOptions = {}): Promise<Jobwright> {
  return connectWith(loadConfig(), options)
}
