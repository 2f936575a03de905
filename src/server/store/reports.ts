import { sql } from 'kysely'
import { isTerminalStatus, type JobRunStatus, type TerminalJobRunStatus } from '../../contract/index.ts'
import type { JobStore } from '../ports/index.ts'
import { recordChange } from './changes.ts'
import { type Db, fromNow, isUuid, now, type StoreContext, transact } from './context.ts'
import { type LogRow, reportHash, toLogRows } from './log-lines.ts'
import { notifyOfChange } from './notifier.ts'
import { putOutput } from './outputs.ts'
import { type RunRow, runColumns, toSingleJobRun } from './run-rows.ts'
import { activeStatuses, statusesBefore } from './transitions.ts'

type Reports = JobStore['reports']

/** What workers tell. A report of an older attempt or for a terminal run changes nothing. */
export function createReports(context: StoreContext): Reports {
  const { db } = context
  return {
    startAttempt: (jobRunId, attempt) => startAttempt(context, jobRunId, attempt),
    finish: (jobRunId, report) => finish(context, jobRunId, report),

    async retry(jobRunId, attempt, error) {
      const message = `attempt ${attempt} asks for another one: ${error.code}: ${error.message}`
      return apply(db, jobRunId, async (trx) => {
        const row = await updateActive(trx, jobRunId, attempt)
          .set({
            retried_attempt: attempt,
            updated_at: now,
            next_check_at: fromNow(context.reportPatienceMs),
          })
          .where(sql<boolean>`coalesce(retried_attempt, 0) < ${attempt}`)
          .returning(runColumns)
          .executeTakeFirst()
        if (row)
          await insertLogs(trx, jobRunId, {
            attempt,
            lines: [{ at: row.updated_at, level: 'warn', message }],
          })
        return row
      })
    },

    async progress(jobRunId, { attempt, fraction, message }) {
      const progress = JSON.stringify({ fraction: fraction ?? null, message: message ?? null })
      return apply(db, jobRunId, (trx) =>
        updateActive(trx, jobRunId, attempt)
          .set({ progress, updated_at: now, next_check_at: fromNow(context.reportPatienceMs) })
          .returning(runColumns)
          .executeTakeFirst(),
      )
    },

    async appendLogs(jobRunId, report) {
      return apply(db, jobRunId, async (trx) => {
        const row = await updateActive(trx, jobRunId, report.attempt)
          .set({ next_check_at: fromNow(context.reportPatienceMs) })
          .returning(runColumns)
          .executeTakeFirst()
        // Lines that are there already, or that have no room, are as good as taken: the run goes on.
        if (row && (await isNewReport(trx, jobRunId, reportHash(report))))
          await insertLogs(trx, jobRunId, report)
        return row
      })
    },

    putOutput: (jobRunId, attempt, output) => putOutput(context, jobRunId, attempt, output),

    async workspaceOf(jobRunId) {
      if (!isUuid(jobRunId)) return undefined
      return db
        .selectFrom('job_runs')
        .select(['workspace', 'created_by as email'])
        .where('uuid', '=', jobRunId)
        .executeTakeFirst()
    },
  }
}

/** The guard of every report: the run is not terminal, and no newer attempt was heard of. */
function updateActive(
  trx: Db,
  jobRunId: string,
  attempt: number,
  before: readonly JobRunStatus[] = activeStatuses,
) {
  return trx
    .updateTable('job_runs')
    .set({ attempt })
    .where('uuid', '=', jobRunId)
    .where('status', 'in', [...before])
    .where('attempt', '<=', attempt)
}

/** `change` answers the row that it changed, or undefined when the guard kept it out. */
async function apply(
  db: Db,
  jobRunId: string,
  change: (trx: Db) => Promise<RunRow | undefined>,
): Promise<{ applied: boolean; run: Awaited<ReturnType<typeof toSingleJobRun>> } | undefined> {
  if (!isUuid(jobRunId)) return undefined
  return transact(db, async (trx) => {
    const changed = await change(trx)
    const row =
      changed ??
      (await trx.selectFrom('job_runs').select(runColumns).where('uuid', '=', jobRunId).executeTakeFirst())
    return row && { applied: changed !== undefined, run: await toSingleJobRun(trx, row) }
  })
}

async function finish(context: StoreContext, jobRunId: string, report: Parameters<Reports['finish']>[1]) {
  const { attempt, status } = report
  const error = status === 'completed' || !report.error ? null : JSON.stringify(report.error)
  let changed: RunRow | undefined
  const result = await apply(context.db, jobRunId, async (trx) => {
    const row = await endRun(trx, jobRunId, attempt, { status, error })
    if (row === undefined) return undefined
    await recordChange(trx, row)
    changed = row
    return row
  })
  if (changed) notifyOfChange(context.notifier, changed)
  return result
}

async function startAttempt(
  context: StoreContext,
  jobRunId: string,
  attempt: number,
): ReturnType<Reports['startAttempt']> {
  if (!isUuid(jobRunId)) return undefined
  const { answer, isChanged } = await transact(context.db, async (trx) => {
    const row = await trx
      .selectFrom('job_runs')
      .select([...runColumns, 'retried_attempt'])
      .where('uuid', '=', jobRunId)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (row === undefined) return { answer: undefined, isChanged: false }
    const isOver = isTerminalStatus(row.status) || attempt < row.attempt
    const started = isOver ? row : await beginAttempt(context, trx, row, attempt)
    const isChanged = started.status !== row.status
    const run = await toSingleJobRun(trx, started)
    if (isChanged) await recordChange(trx, started)
    const previousAttempt =
      attempt === 1 ? 'none' : row.retried_attempt === attempt - 1 ? 'retryable' : 'lost'
    const answer = { run, jobType: row.job_type, workspace: row.workspace, previousAttempt } as const
    return { answer, isChanged }
  })
  if (answer && isChanged)
    notifyOfChange(context.notifier, { workspace: answer.workspace, uuid: answer.run.uuid })
  return answer
}

/** Undefined when the guard kept it out. The change is for the caller to record, as its last lock. */
async function endRun(
  trx: Db,
  jobRunId: string,
  attempt: number,
  end: { status: TerminalJobRunStatus; error: string | null },
): Promise<RunRow | undefined> {
  const row = await updateActive(trx, jobRunId, attempt, statusesBefore(end.status))
    .set({ ...end, finished_at: now, updated_at: now, next_check_at: null })
    .returning(runColumns)
    .executeTakeFirst()
  // Nothing is left to start or to cancel.
  if (row) await trx.deleteFrom('outbox').where('job_run_id', '=', jobRunId).execute()
  return row
}

/**
 * pending → running at the first, unless a cancel came before: then there is nothing to begin. The row is locked by
 * the caller.
 */
async function beginAttempt(context: StoreContext, trx: Db, row: RunRow, attempt: number): Promise<RunRow> {
  if (row.cancel_requested_at !== null) {
    const cancelled = await endRun(trx, row.uuid, attempt, { status: 'cancelled', error: null })
    return cancelled ?? row
  }
  return updateActive(trx, row.uuid, attempt)
    .set({
      status: 'running',
      started_at: sql<Date>`coalesce(started_at, ${now})`,
      updated_at: now,
      next_check_at: fromNow(context.reportPatienceMs),
    })
    .returning(runColumns)
    .executeTakeFirstOrThrow()
}

/** False when the same lines were taken before. The run's row lock keeps two deliveries apart. */
async function isNewReport(trx: Db, jobRunId: string, sha256: string): Promise<boolean> {
  const inserted = await trx
    .insertInto('job_run_log_reports')
    .values({ job_run_id: jobRunId, sha256 })
    .onConflict((conflict) => conflict.doNothing())
    .returning('sha256')
    .executeTakeFirst()
  return inserted !== undefined
}

async function insertLogs(
  trx: Db,
  jobRunId: string,
  report: Parameters<Reports['appendLogs']>[1],
): Promise<void> {
  const { log_lines: present } = await trx
    .selectFrom('job_runs')
    .select('log_lines')
    .where('uuid', '=', jobRunId)
    .executeTakeFirstOrThrow()
  const rows = toLogRows(report, present)
  if (rows.length === 0) return
  const column = <K extends keyof LogRow>(name: K) => rows.map((row) => row[name])
  await sql`
    insert into job_run_logs (job_run_id, attempt, level, message, at)
    select ${jobRunId}::uuid, ${report.attempt}::integer, line.level, line.message, line.at::timestamptz
    from unnest(${column('level')}::text[], ${column('message')}::text[], ${column('at')}::text[])
      with ordinality as line (level, message, at, place)
    order by line.place`.execute(trx)
  await trx
    .updateTable('job_runs')
    .set({ log_lines: sql<number>`log_lines + ${rows.length}` })
    .where('uuid', '=', jobRunId)
    .execute()
}
