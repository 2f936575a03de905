import { sql } from 'kysely'
import type { JobRunStatus } from '../../contract/index.ts'
import type { Caller, JobStore } from '../ports/index.ts'
import { announce } from './announcements.ts'
import { type Db, type StoreContext, utc } from './context.ts'
import { decodeSequenceCursor, encodeSequenceCursor } from './cursors.ts'
import { badCursor } from './errors.ts'
import { changesTopic, runTopic } from './notifier.ts'
import { batchRows } from './paging.ts'
import { jobRunMaker, runColumns } from './run-rows.ts'

/**
 * Writes a change of a run's status into the feed. The number comes from the workspace's counter row, whose lock is
 * held until commit: numbers become visible in their order, and a reader never passes one that is still to come.
 * Must be the last lock that a transaction takes. Its time is that of the run's row as the change left it.
 */
export async function recordChange(
  trx: Db,
  run: { uuid: string; workspace: string; status: JobRunStatus; updated_at: string },
): Promise<void> {
  await sql`
    with counter as (
      insert into change_counters (workspace, last_seq) values (${run.workspace}, 1)
      on conflict (workspace) do update set last_seq = change_counters.last_seq + 1
      returning last_seq
    )
    , change as (
      insert into job_run_changes (workspace, seq, job_run_id, status, at)
      select ${run.workspace}, last_seq, ${run.uuid}::uuid, ${run.status}, ${`${run.updated_at}Z`}::timestamptz from counter
      returning seq
    )
    select ${announce(changesTopic(run.workspace), runTopic(run.uuid))} from change`.execute(trx)
}

type Change = Awaited<ReturnType<JobStore['changes']['after']>>['changes'][number]

/** A page of the feed ends once it is longer; one change is always on it. */
const pageCharacters = 4 * 1024 * 1024

/** The ordered feed of status changes. */
export function createChanges({ db, notifier }: StoreContext): JobStore['changes'] {
  return {
    async head(caller) {
      return encodeSequenceCursor('changes', caller.workspace, await lastSequence(db, caller))
    },

    async after(caller, cursor, { limit, statuses }) {
      const { workspace } = caller
      const after = decodeSequenceCursor('changes', workspace, cursor)
      // Read before the rows: whatever it counts is committed, so nothing up to it can appear later.
      const head = await lastSequence(db, caller)
      // Only another database can have made a cursor beyond the head; waiting for it would skip what comes until then.
      if (BigInt(after) > BigInt(head)) throw badCursor()
      if (after === head) return { changes: [], cursor }
      const size = Math.min(limit, batchRows)
      const found = await selectChanges(db, caller, { after, head, limit: size, statuses })
      const toRun = await jobRunMaker(db, found)
      const changes: Change[] = []
      let characters = 0
      for (const row of found) {
        const run = toRun(row)
        characters += JSON.stringify(run).length
        if (changes.length > 0 && characters > pageCharacters) break
        const cursor = encodeSequenceCursor('changes', workspace, row.seq)
        changes.push({ cursor, status: row.change_status, at: row.change_at, run })
      }
      const isCut = found.length === size || changes.length < found.length
      const full = isCut ? changes.at(-1)?.cursor : undefined
      return { changes, cursor: full ?? encodeSequenceCursor('changes', workspace, head) }
    },

    wait: (workspace, timeoutMs, signal) => notifier.wait(changesTopic(workspace), timeoutMs, signal),
  }
}

async function lastSequence(db: Db, caller: Caller): Promise<string> {
  const row = await db
    .selectFrom('change_counters')
    .select(sql<string>`last_seq::text`.as('last'))
    .where('workspace', '=', caller.workspace)
    .executeTakeFirst()
  return row?.last ?? '0'
}

function selectChanges(
  db: Db,
  caller: Caller,
  range: { after: string; head: string; limit: number; statuses: JobRunStatus[] | undefined },
) {
  let query = db
    .selectFrom('job_run_changes')
    .innerJoin('job_runs', 'job_runs.uuid', 'job_run_changes.job_run_id')
    .select(runColumns)
    .select([
      sql<string>`job_run_changes.seq::text`.as('seq'),
      'job_run_changes.status as change_status',
      utc('job_run_changes.at').as('change_at'),
    ])
    .where('job_run_changes.workspace', '=', caller.workspace)
    .where('job_run_changes.seq', '>', range.after)
    .where('job_run_changes.seq', '<=', range.head)
  if (range.statuses?.length) query = query.where('job_run_changes.status', 'in', range.statuses)
  return query.orderBy('job_run_changes.seq').limit(range.limit).execute()
}
