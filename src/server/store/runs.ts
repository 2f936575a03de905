import { sql } from 'kysely'
import { type JobRun, terminalJobRunStatuses } from '../../contract/index.ts'
import type { Caller, JobRunFilter, JobStore } from '../ports/index.ts'
import { cancelByKey, requestCancel } from './cancel.ts'
import { type Db, isUuid, type StoreContext } from './context.ts'
import { createRun } from './create-run.ts'
import { type CreatedKey, decodeCreatedCursor, encodeCreatedCursor } from './cursors.ts'
import { findKey } from './idempotency.ts'
import { runTopic } from './notifier.ts'
import { keysetPage, readNewest } from './paging.ts'
import { replayRun, selectRun } from './read-run.ts'
import { listLogs, readOutput } from './run-details.ts'
import { type RunRow, runColumns, toJobRun } from './run-rows.ts'

/** Job runs, as their owners see them. */
export function createRuns(context: StoreContext): JobStore['runs'] {
  const { db } = context
  return {
    create: (caller, run, key) => createRun(context, caller, run, key),

    async findByKey(caller, key) {
      const known = await findKey(db, caller, 'createJobRun', key.key, key.requestHash)
      return known && replayRun(db, caller, known)
    },

    async get(caller, jobRunId) {
      const row = await selectRun(db, caller, jobRunId)
      return row && toJobRun(row)
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
      return row && toJobRun(row)
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
      return row && toJobRun(row)
    },

    waitForEnd: (jobRunId, timeoutMs, signal) =>
      context.notifier.wait(runTopic(jobRunId.toLowerCase()), timeoutMs, signal),
    list: (caller, filter) => listRuns(db, caller, filter),
    requestCancel: (caller, jobRunId) => requestCancel(context, caller, jobRunId),
    cancelByKey: (caller, key) => cancelByKey(context, caller, key),
    logs: (caller, jobRunId, page) => listLogs(db, caller, jobRunId, page),
    output: (caller, jobRunId, name) => readOutput(db, caller, jobRunId, name),
  }
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
    itemMaker: async () => toJobRun,
    encode: (key) => encodeCreatedCursor('job-runs', workspace, key),
  })
}
