export {
  connectionOptions,
  connectTemporal,
  lazyTemporalClient,
  requireStandaloneActivities,
  TemporalCapabilityError,
  type TemporalOptions,
  TemporalTlsError,
  TemporalUnreachableError,
} from './connection.ts'
export { taskQueues, watcherWorkflowId, workflowTypes } from './names.ts'
export { PipelineRunNotFoundError, PipelinesClient, type StartPipeline } from './pipelines-client.ts'
export { createRunExecutor } from './run-executor.ts'
export { createWaits } from './waits.ts'
