import { sql } from 'kysely'
import { type FinishRunBody, isTerminalStatus, type TerminalJobRunStatus } from '../../contract/index.ts'
import type { Caller, JobStore } from '../ports/index.ts'
import { type Applied, apply, isActive, ownerOf, updateActive } from './active-runs.ts'
import { announceChange, changeOfRun, recordChange } from './changes.ts'
import { type Db, fromNow, isUuid, now, type StoreContext, transact, untilUnhindered } from './context.ts'
import { progressText } from './log-lines.ts'
import { notifyOfChange } from './notifier.ts'
import { appendLogsLocked, logsOfRun } from './run-logs.ts'
import {
  bareRunColumnList,
  type RunRow,
  runColumnList,
  runColumns,
  toJobRun,
  toSingleJobRun,
} from './run-rows.ts'
import { statusesBefore } from './transitions.ts'

type Reports = JobStore['reports']
type Started = Awaited<ReturnType<Reports['startAttempt']>>

/** Begins an attempt: by one statement where it is the first one of a run that nobody has asked to cancel. */
export async function startAttempt(
  context: StoreContext,
  jobRunId: string,
  attempt: number,
): Promise<Started> {
  const owner = await ownerOf(context, jobRunId)
  if (owner === undefined) return undefined
  const begun = attempt === 1 ? await beginFirst(context, owner, jobRunId) : undefined
  if (begun === undefined) return startStepByStep(context, jobRunId, attempt)
  notifyOfChange(context.notifier, begun)
  const { job_type: jobType, workspace } = begun
  return { run: toJobRun(begun), jobType, workspace, previousAttempt: 'none' }
}

/** A run that nobody has begun has no outputs. */
async function beginFirst(
  { db, reportPatienceMs }: StoreContext,
  { workspace }: Caller,
  jobRunId: string,
): Promise<RunRow | undefined> {
  const announced = announceChange({ workspace, uuid: jobRunId, status: 'running' })
  const { rows } = await untilUnhindered(() =>
    sql<RunRow>`
      with run as (
        update job_runs set attempt = 1, status = 'running', started_at = ${now}, updated_at = ${now},
          next_check_at = ${fromNow(reportPatienceMs)}
        where uuid = ${jobRunId}::uuid and status = 'pending' and attempt = 0 and cancel_requested_at is null
        returning ${bareRunColumnList}, job_runs.updated_at as changed_at
      ), ${changeOfRun()}
      select run.*, ${announced} from run, change`.execute(db),
  )
  return rows[0]
}

async function startStepByStep(context: StoreContext, jobRunId: string, attempt: number): Promise<Started> {
  const { answer, change } = await transact(context.db, async (trx) => {
    const row = await trx
      .selectFrom('job_runs')
      .select([...runColumns, 'retried_attempt'])
      .where('uuid', '=', jobRunId)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (row === undefined) return { answer: undefined, change: undefined }
    const isOver = isTerminalStatus(row.status) || attempt < row.attempt
    const started = isOver ? row : await beginAttempt(context, trx, row, attempt)
    const change = started.status === row.status ? undefined : started
    const run = await toSingleJobRun(trx, started)
    if (change) await recordChange(trx, change)
    const previousAttempt =
      attempt === 1 ? 'none' : row.retried_attempt === attempt - 1 ? 'retryable' : 'lost'
    const answer = { run, jobType: row.job_type, workspace: row.workspace, previousAttempt } as const
    return { answer, change }
  })
  if (change) notifyOfChange(context.notifier, change)
  return answer
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

/** Ends a run, with what its attempt has said last: by one statement, unless something is in its way. */
export async function finish(
  context: StoreContext,
  jobRunId: string,
  report: FinishRunBody,
): Promise<Applied> {
  const owner = await ownerOf(context, jobRunId)
  if (owner === undefined) return undefined
  const ended = await endAtOnce(context, owner, jobRunId, report)
  if (ended === undefined) return endStepByStep(context, jobRunId, report)
  notifyOfChange(context.notifier, ended)
  return { applied: true, run: toJobRun(ended) }
}

function errorText({ status, error }: FinishRunBody): string | null {
  return status === 'completed' || !error ? null : JSON.stringify(error)
}

/** Its answer has the outputs that were stored before it began. */
async function endAtOnce(
  { db }: StoreContext,
  { workspace }: Caller,
  jobRunId: string,
  report: FinishRunBody,
): Promise<RunRow | undefined> {
  const { attempt, status, lines, progress } = report
  const logs = lines?.length ? logsOfRun({ attempt, lines }) : undefined
  const said = progress ? sql`, progress = ${progressText(progress)}` : sql``
  const { rows } = await untilUnhindered(() =>
    sql<RunRow>`
      with run as (
        update job_runs set attempt = ${attempt}, status = ${status}, error = ${errorText(report)}, finished_at = ${now},
          updated_at = ${now}, next_check_at = null${said}${logs ? sql`, ${logs.counted}` : sql``}
        where ${isActive(jobRunId, attempt, statusesBefore(status))}${logs ? sql` and ${logs.haveRoom}` : sql``}
        returning ${runColumnList}, job_runs.updated_at as changed_at
      ), ${logs ? sql`${logs.added}, ` : sql``}gone as (
        delete from outbox using run where outbox.job_run_id = run.uuid returning outbox.id
      ), ${changeOfRun('gone')}
      select run.*, ${announceChange({ workspace, uuid: jobRunId, status })} from run, change`.execute(db),
  )
  return rows[0]
}

async function endStepByStep(
  context: StoreContext,
  jobRunId: string,
  report: FinishRunBody,
): Promise<Applied> {
  const { attempt, status, lines, progress } = report
  let changed: RunRow | undefined
  const result = await apply(context.db, jobRunId, async (trx) => {
    changed = undefined
    const row = await endRun(trx, jobRunId, attempt, {
      status,
      error: errorText(report),
      ...(progress ? { progress: progressText(progress) } : {}),
    })
    if (row === undefined) return undefined
    if (lines?.length) await appendLogsLocked(trx, jobRunId, { attempt, lines })
    await recordChange(trx, row)
    changed = row
    return row
  })
  if (changed) notifyOfChange(context.notifier, changed)
  return result
}

/** Undefined when the guard kept it out. The change is for the caller to record, as its last lock. */
async function endRun(
  trx: Db,
  jobRunId: string,
  attempt: number,
  end: { status: TerminalJobRunStatus; error: string | null; progress?: string },
): Promise<RunRow | undefined> {
  if (!isUuid(jobRunId)) return undefined
  const row = await updateActive(trx, jobRunId, attempt, statusesBefore(end.status))
    .set({ ...end, finished_at: now, updated_at: now, next_check_at: null })
    .returning(runColumns)
    .executeTakeFirst()
  // Nothing is left to start or to cancel.
  if (row) await trx.deleteFrom('outbox').where('job_run_id', '=', jobRunId).execute()
  return row
}
