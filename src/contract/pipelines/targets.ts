/** Where the operations on pipelines are, below the base path: all that a client has to know of a route, and no schema. */
export const pipelineTargets = {
  startPipelineRun: { method: 'post', path: '/pipeline-runs' },
  listPipelineRuns: { method: 'get', path: '/pipeline-runs' },
  getPipelineRun: { method: 'get', path: '/pipeline-runs/{pipeline_run_id}' },
  cancelPipelineRun: { method: 'post', path: '/pipeline-runs/{pipeline_run_id}/cancel' },
  streamPipelineRun: { method: 'get', path: '/pipeline-runs/{pipeline_run_id}/events' },
  validatePipeline: { method: 'post', path: '/pipelines/validate' },
  savePipeline: { method: 'put', path: '/pipelines/{name}' },
  listPipelines: { method: 'get', path: '/pipelines' },
  getPipeline: { method: 'get', path: '/pipelines/{name}' },
  getPipelineVersion: { method: 'get', path: '/pipelines/{name}/versions/{version}' },
  deletePipeline: { method: 'delete', path: '/pipelines/{name}' },
} as const
