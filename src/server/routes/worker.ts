import type { WorkerReportService } from '../services/worker-reports.ts'
import { type Handlers, json } from './handler.ts'

type WorkerOperations =
  | 'startAttempt'
  | 'finishRun'
  | 'retryRun'
  | 'reportProgress'
  | 'appendLogs'
  | 'putOutput'

export function workerHandlers(reports: WorkerReportService): Handlers<WorkerOperations> {
  return {
    startAttempt: async ({ params, body }) =>
      json(await reports.start(params.job_run_id, body.attempt, body.installation_id)),
    finishRun: async ({ params, body }) => json(await reports.finish(params.job_run_id, body)),
    retryRun: async ({ params, body }) => json(await reports.retry(params.job_run_id, body)),
    reportProgress: async ({ params, body }) => json(await reports.progress(params.job_run_id, body)),
    appendLogs: async ({ params, body }) => json(await reports.appendLogs(params.job_run_id, body)),
    putOutput: async ({ params, query, body }) =>
      json(
        await reports.putOutput(params.job_run_id, query.attempt, {
          name: params.name,
          type: query.type ?? 'file',
          ...body,
        }),
      ),
  }
}
