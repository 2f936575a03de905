import { type RawBuilder, sql } from 'kysely'
import { type AppendLogsBody, workerLimits } from '../../contract/index.ts'
import { isActive } from './active-runs.ts'
import { type Db, fromNow, isUuid, type StoreContext, untilUnhindered } from './context.ts'
import { type LogRow, reportHash, toLogRows } from './log-lines.ts'
import { type RunRow, runColumnList } from './run-rows.ts'

/** Adds lines to a run by one statement; undefined, and nothing done, when the guard or their limit keeps them out. */
export async function appendLogsAtOnce(
  { db, reportPatienceMs }: StoreContext,
  jobRunId: string,
  report: AppendLogsBody,
): Promise<RunRow | undefined> {
  if (!isUuid(jobRunId) || report.lines.length === 0) return undefined
  const logs = logsOfRun(report)
  const { rows } = await untilUnhindered(() =>
    sql<RunRow>`
      with run as (
        update job_runs set attempt = ${report.attempt}, next_check_at = ${fromNow(reportPatienceMs)}, ${logs.counted}
        where ${isActive(jobRunId, report.attempt)} and ${logs.haveRoom}
        returning ${runColumnList}
      ), ${logs.added}
      select run.* from run`.execute(db),
  )
  return rows[0]
}

/**
 * Parts of one statement whose CTE `run` updates the run: `counted` sets its column, `haveRoom` is for its guard, and `added` are CTEs
 * that write the lines. Lines that are there already are as good as taken.
 */
export function logsOfRun(
  report: AppendLogsBody,
): Record<'counted' | 'haveRoom' | 'added', RawBuilder<unknown>> {
  const rows = toLogRows(report, 0)
  const hash = reportHash(report)
  return {
    counted: sql`log_lines = log_lines + case when exists (
        select 1 from job_run_log_reports known where known.job_run_id = job_runs.uuid and known.sha256 = ${hash}
      ) then 0 else ${rows.length}::integer end`,
    haveRoom: sql`log_lines + ${rows.length}::integer < ${sql.lit(workerLimits.logLines)}`,
    added: sql`reported as (
        insert into job_run_log_reports (job_run_id, sha256) select uuid, ${hash} from run
        on conflict do nothing returning job_run_id
      ), lines as (
        insert into job_run_logs (job_run_id, attempt, level, message, at)
        select reported.job_run_id, ${report.attempt}::integer, line.level, line.message, line.at
        from reported, ${linesOf(rows)} order by line.place
      )`,
  }
}

function linesOf(rows: readonly LogRow[]): RawBuilder<unknown> {
  const column = <K extends keyof LogRow>(name: K) => rows.map((row) => row[name])
  return sql`unnest(${column('level')}::text[], ${column('message')}::text[], ${column('at')}::timestamptz[])
    with ordinality as line (level, message, at, place)`
}

/** The same within a transaction that holds the run's row, up to the limit. */
export async function appendLogsLocked(trx: Db, jobRunId: string, report: AppendLogsBody): Promise<void> {
  if (await isNewReport(trx, jobRunId, reportHash(report))) await insertLogs(trx, jobRunId, report)
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

export async function insertLogs(trx: Db, jobRunId: string, report: AppendLogsBody): Promise<void> {
  const { log_lines: present } = await trx
    .selectFrom('job_runs')
    .select('log_lines')
    .where('uuid', '=', jobRunId)
    .executeTakeFirstOrThrow()
  const rows = toLogRows(report, present)
  if (rows.length === 0) return
  await sql`
    insert into job_run_logs (job_run_id, attempt, level, message, at)
    select ${jobRunId}::uuid, ${report.attempt}::integer, line.level, line.message, line.at
    from ${linesOf(rows)} order by line.place`.execute(trx)
  await trx
    .updateTable('job_runs')
    .set({ log_lines: sql<number>`log_lines + ${rows.length}` })
    .where('uuid', '=', jobRunId)
    .execute()
}
