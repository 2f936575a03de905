import { sql } from 'kysely'
import type { LogLine } from '../../contract/index.ts'
import type { Caller, ListPage, Page } from '../ports/index.ts'
import { type Db, isUuid, utc } from './context.ts'
import { decodeSequenceCursor, encodeSequenceCursor } from './cursors.ts'
import { keysetPage, readBatch } from './paging.ts'

/** The log lines of a run in the order they arrived, oldest first; none for an unknown run. */
export function listLogs(db: Db, caller: Caller, jobRunId: string, page: Page): ListPage<LogLine> {
  const read = async (after: string | undefined, size: number) => {
    if (!isUuid(jobRunId)) return { rows: [], more: false }
    let query = db
      .selectFrom('job_run_logs')
      .innerJoin('job_runs', 'job_runs.uuid', 'job_run_logs.job_run_id')
      .select(['job_run_logs.attempt', 'job_run_logs.level', 'job_run_logs.message'])
      .select([sql<string>`job_run_logs.id::text`.as('id'), utc('job_run_logs.at').as('at')])
      .where('job_run_logs.job_run_id', '=', jobRunId)
      .where('job_runs.workspace', '=', caller.workspace)
    if (after !== undefined) query = query.where('job_run_logs.id', '>', after)
    return readBatch(query.orderBy('job_run_logs.id'), size)
  }
  return keysetPage({
    limit: page.limit,
    after: page.cursor === undefined ? undefined : decodeSequenceCursor('logs', jobRunId, page.cursor),
    read,
    key: (row) => row.id,
    itemMaker:
      async () =>
      ({ at, attempt, level, message }) => ({ at, attempt, level, message }),
    encode: (id) => encodeSequenceCursor('logs', jobRunId, id),
  })
}

export async function readOutput(
  db: Db,
  caller: Caller,
  jobRunId: string,
  name: string,
): Promise<{ mediaType: string; content: Uint8Array } | undefined> {
  if (!isUuid(jobRunId)) return undefined
  const row = await db
    .selectFrom('job_run_outputs')
    .innerJoin('job_runs', 'job_runs.uuid', 'job_run_outputs.job_run_id')
    .select(['job_run_outputs.media_type', 'job_run_outputs.content'])
    .where('job_run_outputs.job_run_id', '=', jobRunId)
    .where('job_run_outputs.name', '=', name)
    .where('job_runs.workspace', '=', caller.workspace)
    .executeTakeFirst()
  return row && { mediaType: row.media_type, content: row.content }
}
