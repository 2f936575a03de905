/**
 * Where the operations of the Jobs API are, below the base path: all that a client has to know of a route, and no schema. Those of the
 * reference come first. `{path}` of a document may contain slashes.
 */
export const targets = {
  listJobSchemas: { method: 'get', path: '/jobs/schemas' },
  createJob: { method: 'post', path: '/jobs' },
  listJobs: { method: 'get', path: '/jobs' },
  getJob: { method: 'get', path: '/jobs/{job_id}' },
  getLatestRun: { method: 'get', path: '/jobs/{job_id}/latest-run' },
  updateJob: { method: 'patch', path: '/jobs/{job_id}' },
  deleteJob: { method: 'delete', path: '/jobs/{job_id}' },
  createJobRun: { method: 'post', path: '/job-runs' },
  listJobRuns: { method: 'get', path: '/job-runs' },
  getJobRun: { method: 'get', path: '/job-runs/{job_run_id}' },
  cancelJobRun: { method: 'post', path: '/job-runs/{job_run_id}/cancel' },
  getCapabilities: { method: 'get', path: '/capabilities' },
  whoami: { method: 'get', path: '/whoami' },
  listJobRunChanges: { method: 'get', path: '/job-runs/changes' },
  cancelByKey: { method: 'post', path: '/job-runs/cancel-by-key' },
  setClientRef: { method: 'put', path: '/job-runs/{job_run_id}/client-ref' },
  listJobRunLogs: { method: 'get', path: '/job-runs/{job_run_id}/logs' },
  getOutput: { method: 'get', path: '/job-runs/{job_run_id}/outputs/{name}' },
  putDocument: { method: 'put', path: '/documents/{collection}/{path}' },
  getDocument: { method: 'get', path: '/documents/{collection}/{path}' },
  deleteDocument: { method: 'delete', path: '/documents/{collection}/{path}' },
  listDocuments: { method: 'get', path: '/documents/{collection}' },
  getMetagraph: { method: 'get', path: '/metagraphs/{system}' },
  putMetagraph: { method: 'put', path: '/metagraphs/{system}' },
} as const
