export { PipelineRunNotFoundError, PipelinesClient, type StartPipeline } from './client.ts'
