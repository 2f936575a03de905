import { z } from 'zod'
import * as s from './schemas.ts'
import * as w from './worker-protocol.ts'

/** All paths below are relative to this one. */
export const basePath = '/api/v1'

export interface RouteDescriptor {
  operationId: string
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** OpenAPI form; `{path}` of a document may contain slashes. */
  path: string
  summary: string
  tag: 'Jobs' | 'Job runs' | 'Documents' | 'Metagraphs' | 'Worker' | 'Server'
  auth: 'token' | 'worker' | 'none'
  params?: z.ZodObject
  query?: z.ZodObject
  /** A JSON body, or `bytes` for a raw one. */
  body?: z.ZodType | 'bytes'
  bodyOptional?: boolean
  /** Headers that mean something here, by name. */
  headers?: readonly ('Idempotency-Key' | 'If-Match')[]
  status: 200 | 201 | 204
  /** The JSON answer, `bytes` for a raw one, `none` for no body. */
  response: z.ZodType | 'bytes' | 'none'
  /** Other statuses an honest caller meets. 401, 413, 415 and 422 apply wherever they make sense. */
  problems: readonly number[]
}

const jobId = z.object({ job_id: z.guid() })
const jobRunId = z.object({ job_run_id: z.guid() })
const collection = z.object({ collection: z.string() })
const documentPath = z.object({ collection: z.string(), path: z.string() })
const system = z.object({ system: z.string() })
const output = z.object({ job_run_id: z.guid(), name: z.string() })

export const routes = {
  // The 11 operations of the reference.
  listJobSchemas: { operationId: 'listJobSchemas', method: 'get', path: '/jobs/schemas', summary: 'List available job types and config schemas', tag: 'Jobs', auth: 'token', status: 200, response: z.array(s.jobTypeSchemaEntry), problems: [] },
  createJob: { operationId: 'createJob', method: 'post', path: '/jobs', summary: 'Create a job', tag: 'Jobs', auth: 'token', body: s.jobCreateBody, headers: ['Idempotency-Key'], status: 201, response: s.jobSchema, problems: [] },
  listJobs: { operationId: 'listJobs', method: 'get', path: '/jobs', summary: 'List jobs, newest first', tag: 'Jobs', auth: 'token', query: s.jobListQuery, status: 200, response: s.listOf(s.jobSchema), problems: [] },
  getJob: { operationId: 'getJob', method: 'get', path: '/jobs/{job_id}', summary: 'Get a job', tag: 'Jobs', auth: 'token', params: jobId, status: 200, response: s.jobSchema, problems: [404] },
  getLatestRun: { operationId: 'getLatestRun', method: 'get', path: '/jobs/{job_id}/latest-run', summary: 'Get the most recent run of a job; 204 when it has none', tag: 'Jobs', auth: 'token', params: jobId, status: 200, response: s.jobRunSchema, problems: [404] },
  updateJob: { operationId: 'updateJob', method: 'patch', path: '/jobs/{job_id}', summary: 'Update a job; config is merged (RFC 7396)', tag: 'Jobs', auth: 'token', params: jobId, body: s.jobUpdateBody, status: 200, response: s.jobSchema, problems: [404] },
  deleteJob: { operationId: 'deleteJob', method: 'delete', path: '/jobs/{job_id}', summary: 'Soft-delete a job', tag: 'Jobs', auth: 'token', params: jobId, status: 200, response: s.messageSchema, problems: [404] },
  createJobRun: { operationId: 'createJobRun', method: 'post', path: '/job-runs', summary: 'Trigger a job run', tag: 'Job runs', auth: 'token', body: s.jobRunCreateBody, headers: ['Idempotency-Key'], status: 201, response: s.jobRunSchema, problems: [404, 409] },
  listJobRuns: { operationId: 'listJobRuns', method: 'get', path: '/job-runs', summary: 'List job runs, newest first', tag: 'Job runs', auth: 'token', query: s.jobRunListQuery, status: 200, response: s.listOf(s.jobRunSchema), problems: [] },
  getJobRun: { operationId: 'getJobRun', method: 'get', path: '/job-runs/{job_run_id}', summary: 'Get a job run', tag: 'Job runs', auth: 'token', params: jobRunId, query: s.jobRunGetQuery, status: 200, response: s.jobRunSchema, problems: [404] },
  cancelJobRun: { operationId: 'cancelJobRun', method: 'post', path: '/job-runs/{job_run_id}/cancel', summary: 'Cancel a running or pending job run', tag: 'Job runs', auth: 'token', params: jobRunId, status: 200, response: s.cancelSchema, problems: [404, 409] },
  // Extensions, each advertised in the capabilities.
  getCapabilities: { operationId: 'getCapabilities', method: 'get', path: '/capabilities', summary: 'What this server offers beyond the reference', tag: 'Server', auth: 'token', status: 200, response: s.capabilitiesSchema, problems: [] },
  listJobRunChanges: { operationId: 'listJobRunChanges', method: 'get', path: '/job-runs/changes', summary: 'Status changes in order; without `after` it starts now', tag: 'Job runs', auth: 'token', query: s.changesQuery, status: 200, response: s.changesSchema, problems: [] },
  cancelByKey: { operationId: 'cancelByKey', method: 'post', path: '/job-runs/cancel-by-key', summary: 'Cancel what an idempotency key started, and bar the key', tag: 'Job runs', auth: 'token', body: s.cancelByKeyBody, status: 200, response: s.cancelByKeySchema, problems: [] },
  listJobRunLogs: { operationId: 'listJobRunLogs', method: 'get', path: '/job-runs/{job_run_id}/logs', summary: 'Log lines of a job run, oldest first', tag: 'Job runs', auth: 'token', params: jobRunId, query: s.logsQuery, status: 200, response: s.listOf(s.logLineSchema), problems: [404] },
  getOutput: { operationId: 'getOutput', method: 'get', path: '/job-runs/{job_run_id}/outputs/{name}', summary: 'Download an output', tag: 'Job runs', auth: 'token', params: output, status: 200, response: 'bytes', problems: [404] },
  putDocument: { operationId: 'putDocument', method: 'put', path: '/documents/{collection}/{path}', summary: 'Store a document', tag: 'Documents', auth: 'token', params: documentPath, body: 'bytes', status: 200, response: s.documentSchema, problems: [] },
  getDocument: { operationId: 'getDocument', method: 'get', path: '/documents/{collection}/{path}', summary: 'Download a document', tag: 'Documents', auth: 'token', params: documentPath, status: 200, response: 'bytes', problems: [404] },
  deleteDocument: { operationId: 'deleteDocument', method: 'delete', path: '/documents/{collection}/{path}', summary: 'Delete a document', tag: 'Documents', auth: 'token', params: documentPath, status: 200, response: s.messageSchema, problems: [404] },
  listDocuments: { operationId: 'listDocuments', method: 'get', path: '/documents/{collection}', summary: 'List the documents of a collection, by path', tag: 'Documents', auth: 'token', params: collection, status: 200, response: s.listOf(s.documentSchema), problems: [] },
  getMetagraph: { operationId: 'getMetagraph', method: 'get', path: '/metagraphs/{system}', summary: 'Get the graph of a system, with its ETag', tag: 'Metagraphs', auth: 'token', params: system, status: 200, response: s.metagraphSchema, problems: [404] },
  putMetagraph: { operationId: 'putMetagraph', method: 'put', path: '/metagraphs/{system}', summary: 'Replace the graph of a system', tag: 'Metagraphs', auth: 'token', params: system, body: s.metagraphSchema, headers: ['If-Match'], status: 200, response: s.metagraphSchema, problems: [412] },
  // Worker protocol: how executeJobRun reports.
  startAttempt: { operationId: 'startAttempt', method: 'post', path: '/worker/job-runs/{job_run_id}/start', summary: 'An attempt begins', tag: 'Worker', auth: 'worker', params: jobRunId, body: w.startAttemptBody, status: 200, response: w.startAttemptSchema, problems: [404, 409] },
  finishRun: { operationId: 'finishRun', method: 'post', path: '/worker/job-runs/{job_run_id}/finish', summary: 'An attempt ended the run', tag: 'Worker', auth: 'worker', params: jobRunId, body: w.finishRunBody, status: 200, response: w.reportResultSchema, problems: [404] },
  retryRun: { operationId: 'retryRun', method: 'post', path: '/worker/job-runs/{job_run_id}/retry', summary: 'An attempt failed and asks for another', tag: 'Worker', auth: 'worker', params: jobRunId, body: w.retryRunBody, status: 200, response: w.reportResultSchema, problems: [404] },
  reportProgress: { operationId: 'reportProgress', method: 'post', path: '/worker/job-runs/{job_run_id}/progress', summary: 'Progress of an attempt', tag: 'Worker', auth: 'worker', params: jobRunId, body: w.progressBody, status: 200, response: w.reportResultSchema, problems: [404] },
  appendLogs: { operationId: 'appendLogs', method: 'post', path: '/worker/job-runs/{job_run_id}/logs', summary: 'Log lines of an attempt', tag: 'Worker', auth: 'worker', params: jobRunId, body: w.appendLogsBody, status: 200, response: w.reportResultSchema, problems: [404] },
  putOutput: { operationId: 'putOutput', method: 'put', path: '/worker/job-runs/{job_run_id}/outputs/{name}', summary: 'Store an output', tag: 'Worker', auth: 'worker', params: output, query: w.putOutputQuery, body: 'bytes', status: 200, response: w.putOutputSchema, problems: [404, 409] },
} as const satisfies Record<string, RouteDescriptor>

export type OperationId = keyof typeof routes
