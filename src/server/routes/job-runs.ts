import { basePath } from '../../contract/index.ts'
import type { JobRunService } from '../services/job-runs.ts'
import { type Handlers, json, list } from './handler.ts'
import { replayHeader } from './jobs.ts'

type JobRunOperations =
  | 'createJobRun'
  | 'listJobRuns'
  | 'getJobRun'
  | 'cancelJobRun'
  | 'listJobRunChanges'
  | 'cancelByKey'
  | 'setClientRef'
  | 'listJobRunLogs'
  | 'getOutput'

export function jobRunHandlers(runs: JobRunService): Handlers<JobRunOperations> {
  return {
    async createJobRun({ caller, body, query, header, waitEnds }) {
      const { value, replayed } = await runs.trigger(caller, body, {
        key: header('Idempotency-Key'),
        waitSeconds: query.wait ?? 0,
        signals: waitEnds,
      })
      return json(value, { Location: `${basePath}/job-runs/${value.uuid}`, ...replayHeader(replayed) })
    },
    listJobRuns: ({ caller, query }) => list(runs.list(caller, query)),
    getJobRun: async ({ caller, params, query, waitEnds }) =>
      json(await runs.get(caller, params.job_run_id, query.wait ?? 0, waitEnds)),
    cancelJobRun: async ({ caller, params }) => json(await runs.cancel(caller, params.job_run_id)),
    listJobRunChanges: async ({ caller, query, waitEnds }) =>
      json(await runs.changes(caller, query, waitEnds)),
    cancelByKey: async ({ caller, body }) => json(await runs.cancelByKey(caller, body.idempotency_key)),
    setClientRef: async ({ caller, params, body }) =>
      json(await runs.setClientRef(caller, params.job_run_id, body.client_ref)),
    listJobRunLogs: async ({ caller, params, query }) =>
      list(await runs.logs(caller, params.job_run_id, query)),
    async getOutput({ caller, params }) {
      const { mediaType, content } = await runs.output(caller, params.job_run_id, params.name)
      return { kind: 'bytes', content, mediaType, fileName: params.name }
    },
  }
}
