import { randomUUIDv7 } from 'node:crypto'
import type { JsonObject } from '../../base/json.ts'
import { present } from '../../base/present.ts'
import type { Job, JobCreateBody, JobListQuery, JobRun, JobUpdateBody } from '../../contract/index.ts'
import type { Caller, JobStore, ListPage, NewJob } from '../ports/index.ts'
import { type ConfigValidator, unknownJobType } from './config-validation.ts'
import { etagOf, parseEtags, preconditionFailed } from './etags.ts'
import { idempotencyKey, keyedValue } from './idempotency.ts'
import { jobName } from './job-name.ts'
import type { JobTypeCatalog } from './job-types.ts'
import { mergeConfig } from './merge-patch.ts'
import { ApiProblem, invalid, unknown } from './problems.ts'
import { window } from './queries.ts'

/** What services decide with. */
export interface ServiceDeps {
  store: JobStore
  jobTypes: JobTypeCatalog
  configs: ConfigValidator
}

export interface Created<T> {
  value: T
  /** True when an earlier request under the key made it. */
  replayed: boolean
}

export interface JobService {
  create(caller: Caller, body: JobCreateBody, key: string | undefined): Promise<Created<Job>>
  list(caller: Caller, query: JobListQuery): ListPage<Job>
  /** Deleted ones too. */
  get(caller: Caller, jobId: string): Promise<Job>
  /** Undefined when the job has no runs. */
  latestRun(caller: Caller, jobId: string): Promise<JobRun | undefined>
  /** `ifMatch` as sent: only over a state that it names. */
  update(caller: Caller, jobId: string, body: JobUpdateBody, ifMatch: string | undefined): Promise<Job>
  /** As `update`; what is deleted already stays so, whatever is expected. */
  delete(caller: Caller, jobId: string, ifMatch: string | undefined): Promise<void>
}

/** Rounds of read, merge and compare before a busy job's update gives up. */
const updateRounds = 8

/** Jobs: saved configurations. Errors are ApiProblems. */
export function createJobService(deps: ServiceDeps): JobService {
  const { store } = deps
  const known = async (caller: Caller, jobId: string) => {
    const job = await store.jobs.get(caller, jobId)
    if (!job) throw unknown('job', jobId)
    const { jobType, ...wire } = job
    return { job: wire, jobType }
  }
  return {
    create: (caller, body, key) => createJob(deps, caller, body, key),
    list: (caller, query) =>
      store.jobs.list(
        caller,
        present({
          jobTypes: query.job_types,
          createdByUsers: query.created_by_users,
          sourceSessionIds: query.source_session_ids,
          ...window(query),
        }),
      ),
    get: async (caller, jobId) => (await known(caller, jobId)).job,
    async latestRun(caller, jobId) {
      await known(caller, jobId)
      return store.runs.latestOf(caller, jobId)
    },
    async update(caller, jobId, body, ifMatch) {
      for (let round = 0; round < updateRounds; round++) {
        const { job, jobType } = await known(caller, jobId)
        if (job.is_deleted) throw unknown('job', jobId)
        requireMatch(job, ifMatch)
        if (!body.config) return job
        const config = mergeConfig(job.config, body.config)
        deps.configs.validate(jobType, config)
        const updated = await store.jobs.update(caller, jobId, job, config)
        if (updated) return updated
      }
      throw editConflict(jobId)
    },
    async delete(caller, jobId, ifMatch) {
      for (let round = 0; round < updateRounds; round++) {
        const { job } = await known(caller, jobId)
        if (job.is_deleted) return
        requireMatch(job, ifMatch)
        const expected = ifMatch === undefined ? undefined : job
        if (await store.jobs.softDelete(caller, jobId, expected)) return
      }
      throw editConflict(jobId)
    },
  }
}

/** @throws ApiProblem 412 when the job is at none of the ETags */
function requireMatch(job: Job, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return
  const tags = parseEtags(ifMatch)
  const etag = etagOf(job)
  if (tags !== '*' && !tags.includes(etag)) throw preconditionFailed(`Job ${job.uuid}`, etag)
}

function editConflict(jobId: string): ApiProblem {
  const detail = `Job ${jobId} is being changed by others too often; try again`
  return new ApiProblem(409, 'edit_conflict', detail)
}

async function createJob(
  deps: ServiceDeps,
  caller: Caller,
  body: JobCreateBody,
  keyText: string | undefined,
): Promise<Created<Job>> {
  const key = idempotencyKey(keyText, body)
  // First, so that a replay answers alike even when the job type has changed since.
  const earlier = key && (await deps.store.jobs.findByKey(caller, key))
  if (earlier) return keyedValue(earlier)

  const job = newJob(deps, body)
  return keyedValue(
    await (key ? deps.store.jobs.create(caller, job, key) : deps.store.jobs.create(caller, job)),
  )
}

/** @throws ApiProblem 422 */
export function newJob(deps: Pick<ServiceDeps, 'jobTypes' | 'configs'>, body: JobCreateBody): NewJob {
  const definition = deps.jobTypes.get(body.job_type)
  if (!definition)
    throw unknownJobType(
      body.job_type,
      deps.jobTypes.schemas().map((entry) => entry.job_type),
    )
  const config: JsonObject = body.config ?? { job_type: body.job_type }
  if (config['job_type'] === undefined)
    throw invalid('invalid_config', [
      {
        pointer: '/config/job_type',
        detail: `is required; expected ${JSON.stringify(body.job_type)}, as in /job_type`,
      },
    ])
  deps.configs.validate(body.job_type, config)
  const uuid = randomUUIDv7()
  return {
    uuid,
    jobType: body.job_type,
    name: jobName(body.job_type, definition.nameField, config, uuid, body.name),
    config,
    sourceSessionId: body.source_session_id ?? null,
    sourceProjectId: body.source_project_id ?? null,
  }
}
