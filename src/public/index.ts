/** The public surface of `jobwright`: compile pipelines, start, watch and steer their runs. */
export { compilePipeline, drawPipeline, type Finding, resolveInputs } from '../pipeline/index.ts'
export type { PipelinePlan, PipelineRunView, StepRunView } from '../pipeline/plan/index.ts'
export { PipelineRunNotFoundError, PipelinesClient, type StartPipeline } from '../pipelines/index.ts'
export { connectTemporal, type TemporalOptions, TemporalUnreachableError } from '../temporal/index.ts'
