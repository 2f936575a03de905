import { sql } from 'kysely'
import { type JobRun, terminalJobRunStatuses } from '../../contract/index.ts'
import type { Caller, IdempotencyKey, JobRunFilter, JobStore, Keyed, NewJobRun } from '../ports/index.ts'
import { cancelByKey, requestCancel } from './cancel.ts'
import { recordChange } from './changes.ts'
import { type Db, isUuid, type StoreContext, transact } from './context.ts'
import { type CreatedKey, decodeCreatedCursor, encodeCreatedCursor } from './cursors.ts'
import { enqueue } from './dispatch.ts'
import { claimKey, findKey, type KnownKey } from './idempotency.ts'
import { notifyOfChange, outboxTopic, runTopic } from './notifier.ts'
import { keysetPage, readNewest } from './paging.ts'
import { listLogs, readOutput } from './run-details.ts'
import { jobRunMaker, type RunRow, runColumns, toJobRun, toSingleJobRun } from './run-rows.ts'

/** Job runs, as their owners see them. */
export function createRuns(context: StoreContext): JobStore['runs'] {
  const { db } = context
  return {
    create: (caller, run, key) => createRun(context, caller, run, key),

    async findByKey(caller, key) {
      const known = await findKey(db, caller, 'createJobRun', key.key, key.requestHash)
      return known && replay(db, caller, known)
    },

    async get(caller, jobRunId) {
      const row = await selectRun(db, caller, jobRunId)
      return row && toSingleJobRun(db, row)
    },

    async setClientRef(caller, jobRunId, clientRef) {
      if (!isUuid(jobRunId)) return undefined
      // Whoever ends the run locks its row as well: either the end comes later and shows the reference, or it is seen below.
      await db
        .updateTable('job_runs')
        .set({ client_ref: clientRef })
        .where('uuid', '=', jobRunId)
        .where('workspace', '=', caller.workspace)
        .where('status', 'not in', terminalJobRunStatuses)
        .execute()
      const row = await selectRun(db, caller, jobRunId)
      return row && toSingleJobRun(db, row)
    },

    async latestOf(caller, jobId) {
      if (!isUuid(jobId)) return undefined
      const row = await db
        .selectFrom('job_runs')
        .select(runColumns)
        .where('job_id', '=', jobId)
        .where('workspace', '=', caller.workspace)
        .orderBy('job_runs.created_at', 'desc')
        .orderBy('job_runs.uuid', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row && toSingleJobRun(db, row)
    },

    waitForChange: (jobRunId, timeoutMs, signal) =>
      context.notifier.wait(runTopic(jobRunId.toLowerCase()), timeoutMs, signal),
    list: (caller, filter) => listRuns(db, caller, filter),
    requestCancel: (caller, jobRunId) => requestCancel(context, caller, jobRunId),
    cancelByKey: (caller, key) => cancelByKey(context, caller, key),
    logs: (caller, jobRunId, page) => listLogs(db, caller, jobRunId, page),
    output: (caller, jobRunId, name) => readOutput(db, caller, jobRunId, name),
  }
}

/** Rolls the transaction back, so that the key is free again. */
class JobDeleted extends Error {}

async function createRun(
  { db, notifier }: StoreContext,
  caller: Caller,
  run: NewJobRun,
  key: IdempotencyKey | undefined,
): Promise<Keyed<JobRun> | { outcome: 'job_deleted' }> {
  let answer: Keyed<JobRun>
  try {
    answer = await transact(db, async (trx) => {
      const known = key && (await claimKey(trx, caller, 'createJobRun', key, run.uuid))
      if (known !== undefined && known !== 'claimed') return replay(trx, caller, known)
      return { outcome: 'created', value: await insertRun(trx, caller, run) }
    })
  } catch (error) {
    if (error instanceof JobDeleted) return { outcome: 'job_deleted' }
    throw error
  }
  if (answer.outcome === 'created') {
    notifyOfChange(notifier, { workspace: caller.workspace, uuid: run.uuid })
    notifier.notify(outboxTopic)
  }
  return answer
}

async function insertRun(trx: Db, caller: Caller, run: NewJobRun): Promise<JobRun> {
  const { workspace } = caller
  const job = await trx
    .selectFrom('jobs')
    .select('uuid')
    .where('uuid', '=', run.jobId)
    .where('workspace', '=', workspace)
    .where('is_deleted', '=', false)
    .forShare()
    .executeTakeFirst()
  if (job === undefined) throw new JobDeleted()
  const row = await trx
    .insertInto('job_runs')
    .values({
      uuid: run.uuid,
      workspace,
      job_id: run.jobId,
      job_type: run.jobType,
      job_name: run.jobName,
      config: JSON.stringify(run.config),
      status: 'pending',
      created_by: caller.email,
      client_ref: run.clientRef,
      task_queue: run.execution.taskQueue,
      timeout_ms: run.execution.timeoutMs,
      queue_timeout_ms: run.execution.queueTimeoutMs,
    })
    .returning(runColumns)
    .executeTakeFirstOrThrow()
  await enqueue(trx, run.uuid, 'start')
  await recordChange(trx, row)
  return toJobRun(row, [])
}

async function selectRun(db: Db, caller: Caller, jobRunId: string): Promise<RunRow | undefined> {
  if (!isUuid(jobRunId)) return undefined
  return db
    .selectFrom('job_runs')
    .select(runColumns)
    .where('uuid', '=', jobRunId)
    .where('workspace', '=', caller.workspace)
    .executeTakeFirst()
}

/** The run that a key started, now. */
async function replay(db: Db, caller: Caller, known: KnownKey): Promise<Keyed<JobRun>> {
  if (known.state !== 'used') return { outcome: known.state }
  const row = await selectRun(db, caller, known.resourceId)
  if (row === undefined) throw new Error('the job run of an idempotency key is missing')
  return { outcome: 'replayed', value: await toSingleJobRun(db, row) }
}

function listRuns(db: Db, caller: Caller, filter: JobRunFilter) {
  const { workspace } = caller
  const read = (after: CreatedKey | undefined, size: number) => {
    let query = db.selectFrom('job_runs').select(runColumns).where('workspace', '=', workspace)
    if (filter.jobId !== undefined) query = query.where('job_id', '=', filter.jobId)
    if (filter.jobTypes?.length) query = query.where('job_type', 'in', filter.jobTypes)
    if (filter.statuses?.length) query = query.where('status', 'in', filter.statuses)
    if (filter.createdAfter)
      query = query.where(sql<boolean>`job_runs.created_at >= ${filter.createdAfter}::timestamptz`)
    if (filter.createdBefore)
      query = query.where(sql<boolean>`job_runs.created_at < ${filter.createdBefore}::timestamptz`)
    if (after)
      query = query.where(
        sql<boolean>`(job_runs.created_at, job_runs.uuid) < (${`${after.createdAt}Z`}::timestamptz, ${after.id}::uuid)`,
      )
    return readNewest(db, query.orderBy('job_runs.created_at', 'desc').orderBy('job_runs.uuid', 'desc'), size)
  }
  return keysetPage<RunRow, JobRun, CreatedKey>({
    limit: filter.limit,
    after:
      filter.cursor === undefined ? undefined : decodeCreatedCursor('job-runs', workspace, filter.cursor),
    read,
    key: (row) => ({ createdAt: row.created_at, id: row.uuid }),
    itemMaker: (rows) => jobRunMaker(db, rows),
    encode: (key) => encodeCreatedCursor('job-runs', workspace, key),
  })
}
