import { sql } from 'kysely'
import { canonicalJson, type JsonObject } from '../../base/json.ts'
import type { Job } from '../../contract/index.ts'
import type { Caller, JobFilter, JobState, JobStore, Keyed, NewJob } from '../ports/index.ts'
import { type Db, isUuid, now, type StoreContext, transact, utc } from './context.ts'
import { type CreatedKey, decodeCreatedCursor, encodeCreatedCursor } from './cursors.ts'
import { claimKey, findKey, type KnownKey } from './idempotency.ts'
import { type JobRow, jobColumns, toJob } from './job-rows.ts'
import { keysetPage, readNewest } from './paging.ts'

/** Saved jobs. */
export function createJobs({ db }: StoreContext): JobStore['jobs'] {
  return {
    create: (caller, job, key) =>
      transact(db, async (trx) => {
        const known = key && (await claimKey(trx, caller, 'createJob', key, job.uuid))
        if (known !== undefined && known !== 'claimed') return replay(trx, caller, known)
        return { outcome: 'created', value: await insertJob(trx, caller, job) }
      }),

    async findByKey(caller, key) {
      const known = await findKey(db, caller, 'createJob', key.key, key.requestHash)
      return known && replay(db, caller, known)
    },

    async get(caller, jobId) {
      const row = await selectJob(db, caller, jobId)
      return row && { ...toJob(row), jobType: row.job_type }
    },

    list: (caller, filter) => listJobs(db, caller, filter),

    update: (caller, jobId, expected, config) =>
      transact(db, (trx) => updateJob(trx, caller, jobId, expected, config)),

    async softDelete(caller, jobId, expected) {
      if (!isUuid(jobId)) return false
      let query = db
        .updateTable('jobs')
        .set({
          is_deleted: true,
          updated_at: sql<Date>`case when is_deleted then updated_at else ${now} end`,
        })
        .where('uuid', '=', jobId)
        .where('workspace', '=', caller.workspace)
      if (expected)
        query = query.where(utc<string | null>('updated_at'), 'is not distinct from', expected.updated_at)
      return (await query.returning('uuid').executeTakeFirst()) !== undefined
    },
  }
}

export async function insertJob(trx: Db, caller: Caller, job: NewJob): Promise<Job> {
  const row = await trx
    .insertInto('jobs')
    .values({
      uuid: job.uuid,
      workspace: caller.workspace,
      job_type: job.jobType,
      name: job.name,
      config: JSON.stringify(job.config),
      created_by: caller.email,
      source_session_id: job.sourceSessionId,
      source_project_id: job.sourceProjectId,
    })
    .returning(jobColumns)
    .executeTakeFirstOrThrow()
  return toJob(row)
}

async function selectJob(db: Db, caller: Caller, jobId: string): Promise<JobRow | undefined> {
  if (!isUuid(jobId)) return undefined
  return db
    .selectFrom('jobs')
    .select(jobColumns)
    .where('uuid', '=', jobId)
    .where('workspace', '=', caller.workspace)
    .executeTakeFirst()
}

async function replay(db: Db, caller: Caller, known: KnownKey): Promise<Keyed<Job>> {
  if (known.state !== 'used') return { outcome: known.state }
  const row = await selectJob(db, caller, known.resourceId)
  if (row === undefined) throw new Error('the job of an idempotency key is missing')
  return { outcome: 'replayed', value: toJob(row) }
}

async function updateJob(
  trx: Db,
  caller: Caller,
  jobId: string,
  expected: JobState,
  config: JsonObject,
): Promise<Job | undefined> {
  if (!isUuid(jobId)) return undefined
  const current = await trx
    .selectFrom('jobs')
    .select(['config', utc<string | null>('updated_at').as('updated_at')])
    .where('uuid', '=', jobId)
    .where('workspace', '=', caller.workspace)
    .where('is_deleted', '=', false)
    .forUpdate()
    .executeTakeFirst()
  if (current === undefined || current.updated_at !== expected.updated_at) return undefined
  if (canonicalJson(JSON.parse(current.config)) !== canonicalJson(expected.config)) return undefined
  const row = await trx
    .updateTable('jobs')
    .set({ config: JSON.stringify(config), updated_at: now })
    .where('uuid', '=', jobId)
    .returning(jobColumns)
    .executeTakeFirstOrThrow()
  return toJob(row)
}

function listJobs(db: Db, caller: Caller, filter: JobFilter) {
  const { workspace } = caller
  const read = (after: CreatedKey | undefined, size: number) => {
    let query = db
      .selectFrom('jobs')
      .select(jobColumns)
      .where('workspace', '=', workspace)
      .where('is_deleted', '=', false)
    if (filter.jobTypes?.length) query = query.where('job_type', 'in', filter.jobTypes)
    if (filter.createdByUsers?.length) query = query.where('created_by', 'in', filter.createdByUsers)
    if (filter.sourceSessionIds?.length)
      query = query.where('source_session_id', 'in', filter.sourceSessionIds)
    if (filter.createdAfter)
      query = query.where(sql<boolean>`jobs.created_at >= ${filter.createdAfter}::timestamptz`)
    if (filter.createdBefore)
      query = query.where(sql<boolean>`jobs.created_at < ${filter.createdBefore}::timestamptz`)
    if (after)
      query = query.where(
        sql<boolean>`(jobs.created_at, jobs.uuid) < (${`${after.createdAt}Z`}::timestamptz, ${after.id}::uuid)`,
      )
    return readNewest(db, query.orderBy('jobs.created_at', 'desc').orderBy('jobs.uuid', 'desc'), size)
  }
  return keysetPage<JobRow, Job, CreatedKey>({
    limit: filter.limit,
    after: filter.cursor === undefined ? undefined : decodeCreatedCursor('jobs', workspace, filter.cursor),
    read,
    key: (row) => ({ createdAt: row.created_at, id: row.uuid }),
    itemMaker: async () => toJob,
    encode: (key) => encodeCreatedCursor('jobs', workspace, key),
  })
}
