import { basePath, type Job } from '../../contract/index.ts'
import { etagOf, quoted } from '../services/etags.ts'
import type { JobTypeCatalog } from '../services/job-types.ts'
import type { JobService } from '../services/jobs.ts'
import { type Handlers, json, list } from './handler.ts'

type JobOperations =
  | 'listJobSchemas'
  | 'createJob'
  | 'listJobs'
  | 'getJob'
  | 'getLatestRun'
  | 'updateJob'
  | 'deleteJob'

/** Says that this is what an earlier request under the key made. */
export function replayHeader(replayed: boolean): Record<string, string> {
  return replayed ? { 'Idempotent-Replayed': 'true' } : {}
}

/** A job with its ETag. */
function answerJob(job: Job, headers: Readonly<Record<string, string>> = {}) {
  return json(job, { ...headers, ETag: quoted(etagOf(job)) })
}

export function jobHandlers(jobs: JobService, jobTypes: JobTypeCatalog): Handlers<JobOperations> {
  return {
    listJobSchemas: () => json(jobTypes.schemas()),
    async createJob({ caller, body, header }) {
      const { value, replayed } = await jobs.create(caller, body, header('Idempotency-Key'))
      return answerJob(value, { Location: `${basePath}/jobs/${value.uuid}`, ...replayHeader(replayed) })
    },
    listJobs: ({ caller, query }) => list(jobs.list(caller, query)),
    getJob: async ({ caller, params }) => answerJob(await jobs.get(caller, params.job_id)),
    async getLatestRun({ caller, params }) {
      const run = await jobs.latestRun(caller, params.job_id)
      return run ? json(run) : { kind: 'empty' }
    },
    updateJob: async ({ caller, params, body, header }) =>
      answerJob(await jobs.update(caller, params.job_id, body, header('If-Match'))),
    async deleteJob({ caller, params, header }) {
      await jobs.delete(caller, params.job_id, header('If-Match'))
      return json({ message: `Job ${params.job_id} soft deleted` })
    },
  }
}
