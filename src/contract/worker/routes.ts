import { z } from 'zod'
import { uuid } from '../jobs/schemas.ts'
import type { RouteDescriptor } from '../route-descriptor.ts'
import * as w from './protocol.ts'

const jobRunId = z.object({ job_run_id: uuid })
const output = z.object({
  job_run_id: uuid,
  name: z.string().meta({ pattern: w.outputNamePattern.source }),
})

/** How executeJobRun reports. */
export const workerRoutes = {
  startAttempt: {
    operationId: 'startAttempt',
    method: 'post',
    path: '/worker/job-runs/{job_run_id}/start',
    summary: 'An attempt begins',
    tag: 'Worker',
    auth: 'worker',
    params: jobRunId,
    body: w.startAttemptBody,
    status: 200,
    response: w.startAttemptSchema,
    problems: [404, 409],
  },
  finishRun: {
    operationId: 'finishRun',
    method: 'post',
    path: '/worker/job-runs/{job_run_id}/finish',
    summary: 'An attempt ended the run',
    tag: 'Worker',
    auth: 'worker',
    params: jobRunId,
    body: w.finishRunBody,
    status: 200,
    response: w.reportResultSchema,
    problems: [404],
  },
  retryRun: {
    operationId: 'retryRun',
    method: 'post',
    path: '/worker/job-runs/{job_run_id}/retry',
    summary: 'An attempt failed and asks for another',
    tag: 'Worker',
    auth: 'worker',
    params: jobRunId,
    body: w.retryRunBody,
    status: 200,
    response: w.reportResultSchema,
    problems: [404],
  },
  reportProgress: {
    operationId: 'reportProgress',
    method: 'post',
    path: '/worker/job-runs/{job_run_id}/progress',
    summary: 'Progress of an attempt',
    tag: 'Worker',
    auth: 'worker',
    params: jobRunId,
    body: w.progressBody,
    status: 200,
    response: w.reportResultSchema,
    problems: [404],
  },
  appendLogs: {
    operationId: 'appendLogs',
    method: 'post',
    path: '/worker/job-runs/{job_run_id}/logs',
    summary: 'Log lines of an attempt',
    tag: 'Worker',
    auth: 'worker',
    params: jobRunId,
    body: w.appendLogsBody,
    status: 200,
    response: w.reportResultSchema,
    problems: [404],
  },
  putOutput: {
    operationId: 'putOutput',
    method: 'put',
    path: '/worker/job-runs/{job_run_id}/outputs/{name}',
    summary: 'Store an output',
    tag: 'Worker',
    auth: 'worker',
    params: output,
    query: w.putOutputQuery,
    body: 'bytes',
    status: 200,
    response: w.putOutputSchema,
    problems: [404, 409],
  },
} as const satisfies Record<string, RouteDescriptor>
