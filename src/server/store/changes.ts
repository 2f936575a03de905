import { type RawBuilder, sql } from 'kysely'
import { isTerminalStatus, type JobRunStatus } from '../../contract/index.ts'
import type { Caller, ChangeFilter, JobStore } from '../ports/index.ts'
import { announce, changeWord } from './announcements.ts'
import { type Db, type StoreContext, utc } from './context.ts'
import { decodeSequenceCursor, encodeSequenceCursor } from './cursors.ts'
import { badCursor } from './errors.ts'
import { type AnnouncedChange, changesTopic, mayBeginWith, runTopic } from './notifier.ts'
import { batchRows } from './paging.ts'
import { type RunRow, runColumns, toJobRun } from './run-rows.ts'

/**
 * Writes a change of a run's status into the feed. The number comes from the workspace's counter row, whose lock is
 * held until commit: numbers become visible in their order, and a reader never passes one that is still to come.
 * Must be the last lock that a transaction takes. Its time is that of the run's row as the change left it.
 */
export async function recordChange(
  trx: Db,
  run: Pick<RunRow, 'uuid' | 'workspace' | 'status' | 'client_ref' | 'updated_at'>,
): Promise<void> {
  await sql`
    with run as (
      select ${run.uuid}::uuid as uuid, ${run.workspace}::text as workspace, ${run.status}::text as status,
        ${run.client_ref}::text as client_ref, ${`${run.updated_at}Z`}::timestamptz as changed_at
    ), ${changeOfRun()}
    select ${announceChange(run)} from run, change`.execute(trx)
}

/**
 * The same as parts of one statement whose CTE `run` holds at most one row: `counter` and `change`. The counter is locked once
 * `before` is done, which is a CTE as well.
 */
export function changeOfRun(before?: string): RawBuilder<unknown> {
  const once = before === undefined ? sql`` : sql`where (select count(*) from ${sql.ref(before)}) >= 0`
  return sql`counter as (
      insert into change_counters (workspace, last_seq) select workspace, 1 from run ${once}
      on conflict (workspace) do update set last_seq = change_counters.last_seq + 1
      returning last_seq
    ), change as (
      insert into job_run_changes (workspace, seq, job_run_id, status, at)
      select run.workspace, counter.last_seq, run.uuid, run.status, run.changed_at from run, counter
      returning seq
    )`
}

/** Of the statement that has them: tells of the change in its CTE `run`, of which more is known here than there. */
export function announceChange(
  run: { workspace: string; uuid: string; status: JobRunStatus },
  ...others: string[]
): RawBuilder<unknown> {
  const topics = isTerminalStatus(run.status) ? [...others, runTopic(run.uuid)] : others
  const change = changeWord(sql<string>`run.status`, sql<string | null>`run.client_ref`)
  return announce(changesTopic(run.workspace), change, ...topics)
}

type Change = Awaited<ReturnType<JobStore['changes']['after']>>['changes'][number]

/** A page of the feed ends once it is longer; one change is always on it. */
const pageCharacters = 4 * 1024 * 1024

/** The ordered feed of status changes. */
export function createChanges({ db, notifier }: StoreContext): JobStore['changes'] {
  return {
    async head(caller) {
      const { rows } = await sql<{ head: string }>`select ${head(caller)}::text as head`.execute(db)
      return encodeSequenceCursor('changes', caller.workspace, rows[0]?.head ?? '0')
    },

    async after(caller, cursor, { limit, ...filter }) {
      const { workspace } = caller
      const after = decodeSequenceCursor('changes', workspace, cursor)
      const size = Math.min(limit, batchRows)
      const rows = await selectChanges(db, caller, { ...filter, after, limit: size })
      const head = rows[0]?.head ?? '0'
      // Only another database can have made a cursor beyond the head; waiting for it would skip what comes until then.
      if (BigInt(after) > BigInt(head)) throw badCursor()
      const found = rows.filter(isChange)
      const changes: Change[] = []
      let characters = 0
      for (const row of found) {
        const run = toJobRun(row)
        characters += JSON.stringify(run).length
        if (changes.length > 0 && characters > pageCharacters) break
        const cursor = encodeSequenceCursor('changes', workspace, row.seq)
        changes.push({ cursor, status: row.change_status, at: row.change_at, run })
      }
      const isCut = found.length === size || changes.length < found.length
      const full = isCut ? changes.at(-1)?.cursor : undefined
      return { changes, cursor: full ?? encodeSequenceCursor('changes', workspace, head) }
    },

    wait(workspace, timeoutMs, signal, { statuses, clientRefPrefix } = {}) {
      const concerns = ({ status, clientRef }: AnnouncedChange) =>
        (!statuses?.length || statuses.some((wanted) => wanted === status)) &&
        (clientRefPrefix === undefined || mayBeginWith(clientRef, clientRefPrefix))
      return notifier.wait(changesTopic(workspace), timeoutMs, signal, concerns)
    },
  }
}

/** The number of the newest change. */
function head(caller: Caller): RawBuilder<string> {
  return sql`coalesce((select last_seq from change_counters where workspace = ${caller.workspace}), 0)`
}

type ChangeRow = RunRow & { seq: string; change_status: JobRunStatus; change_at: string }

/**
 * The head and the changes up to it, as of one instant: whatever the head counts is committed, so nothing up to it can
 * appear later. There is always one row, for the head; without a change where there is none.
 */
async function selectChanges(
  db: Db,
  caller: Caller,
  range: { after: string; limit: number } & ChangeFilter,
): Promise<({ head: string } & (ChangeRow | { seq: null }))[]> {
  let query = db
    .selectFrom('job_run_changes')
    .innerJoin('job_runs', 'job_runs.uuid', 'job_run_changes.job_run_id')
    .select(runColumns)
    .select([
      'job_run_changes.seq as place',
      sql<string>`job_run_changes.seq::text`.as('seq'),
      'job_run_changes.status as change_status',
      utc('job_run_changes.at').as('change_at'),
    ])
    .where('job_run_changes.workspace', '=', caller.workspace)
    .where('job_run_changes.seq', '>', range.after)
  if (range.statuses?.length) query = query.where('job_run_changes.status', 'in', range.statuses)
  if (range.clientRefPrefix !== undefined)
    query = query.where(sql<boolean>`starts_with(job_runs.client_ref, ${range.clientRefPrefix})`)
  const { rows } = await sql<{ head: string } & (ChangeRow | { seq: null })>`
    select newest.head::text as head, page.*
    from (select ${head(caller)} as head) newest
    left join (${query.orderBy('job_run_changes.seq').limit(range.limit)}) page on true
    order by page.place`.execute(db)
  return rows
}

function isChange<Row extends { seq: string | null }>(row: Row): row is Row & ChangeRow {
  return row.seq !== null
}
