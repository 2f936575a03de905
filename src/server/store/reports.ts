import { sql } from 'kysely'
import type { JobStore } from '../ports/index.ts'
import { apply, applyAtOnce, ownerOf, updateActive } from './active-runs.ts'
import { finish, startAttempt } from './attempts.ts'
import { fromNow, now, type StoreContext } from './context.ts'
import { progressText } from './log-lines.ts'
import { putOutput } from './outputs.ts'
import { appendLogsAtOnce, appendLogsLocked, insertLogs } from './run-logs.ts'
import { runColumns, toJobRun } from './run-rows.ts'

/** What workers tell. A report of an older attempt or for a terminal run changes nothing. */
export function createReports(context: StoreContext): JobStore['reports'] {
  const { db } = context
  const heard = () => ({ next_check_at: fromNow(context.reportPatienceMs) })
  return {
    startAttempt: (jobRunId, attempt) => startAttempt(context, jobRunId, attempt),
    finish: (jobRunId, report) => finish(context, jobRunId, report),

    async retry(jobRunId, attempt, error) {
      const message = `attempt ${attempt} asks for another one: ${error.code}: ${error.message}`
      return apply(db, jobRunId, async (trx) => {
        const row = await updateActive(trx, jobRunId, attempt)
          .set({ retried_attempt: attempt, updated_at: now, ...heard() })
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

    progress: (jobRunId, report) =>
      applyAtOnce(db, jobRunId, () =>
        updateActive(db, jobRunId, report.attempt)
          .set({ progress: progressText(report), updated_at: now, ...heard() })
          .returning(runColumns)
          .executeTakeFirst(),
      ),

    async appendLogs(jobRunId, report) {
      const row = await appendLogsAtOnce(context, jobRunId, report)
      if (row) return { applied: true, run: toJobRun(row) }
      return apply(db, jobRunId, async (trx) => {
        const row = await updateActive(trx, jobRunId, report.attempt)
          .set(heard())
          .returning(runColumns)
          .executeTakeFirst()
        // Lines that are there already, or that have no room, are as good as taken: the run goes on.
        if (row) await appendLogsLocked(trx, jobRunId, report)
        return row
      })
    },

    putOutput: (jobRunId, attempt, output) => putOutput(context, jobRunId, attempt, output),
    workspaceOf: (jobRunId) => ownerOf(context, jobRunId),
  }
}
