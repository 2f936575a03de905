/** The public surface of `jobwright`: compile pipelines, start, watch and steer their runs. */
import { loadConfig } from '../config.ts'
import { type ConnectOptions, connectWith, type Jobwright } from '../connect/connect.ts'

export { type ErrorDetails, type Fault, JobwrightError } from '../base/errors.ts'
export type { Json, JsonObject } from '../base/json.ts'
export type { ConnectOptions, Jobwright } from '../connect/connect.ts'
export type { JobTypeSchemaEntry } from '../contract/index.ts'
export type { AnyPipeline, Pipeline } from '../pipeline/build/pipeline.ts'
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
  type PipelineRunPage,
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
