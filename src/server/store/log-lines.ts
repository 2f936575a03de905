import { createHash } from 'node:crypto'
import { storable } from '../../base/text.ts'
import { type AppendLogsBody, type ProgressBody, workerLimits } from '../../contract/index.ts'

export interface LogRow {
  level: AppendLogsBody['lines'][number]['level']
  message: string
  /** RFC 3339, UTC, microseconds. */
  at: string
}

/**
 * The rows that a report adds to a run that has `present` lines already. Beyond the limit of a run lines are dropped,
 * and the last one says so.
 */
export function toLogRows(report: AppendLogsBody, present: number): LogRow[] {
  const room = Math.max(0, workerLimits.logLines - present)
  const rows = report.lines.slice(0, room).map(({ at, level, message }) => ({
    level,
    // A strange log line must not fail a run.
    message: storable(message.slice(0, workerLimits.logLineCharacters)),
    at: `${at}Z`,
  }))
  const last = rows.at(-1)
  if (last !== undefined && rows.length === room)
    rows[rows.length - 1] = {
      ...last,
      level: 'warn',
      message: `a run keeps ${workerLimits.logLines} log lines; this one and all that follow are dropped`,
    }
  return rows
}

/** The same for a report that is sent again, and for no other one: each line carries its time. */
export function reportHash(report: AppendLogsBody): string {
  const lines = report.lines.map(({ at, level, message }) => [at, level, message])
  return createHash('sha256')
    .update(JSON.stringify([report.attempt, lines]))
    .digest('hex')
}

/** Progress as it is stored. */
export function progressText({ fraction, message }: Pick<ProgressBody, 'fraction' | 'message'>): string {
  return JSON.stringify({ fraction: fraction ?? null, message: message ?? null })
}
