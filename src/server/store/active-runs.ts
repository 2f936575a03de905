import { sql } from 'kysely'
import type { JobRun, JobRunStatus } from '../../contract/index.ts'
import type { Caller } from '../ports/index.ts'
import { type Db, isUuid, type StoreContext, transact, untilUnhindered } from './context.ts'
import { type RunRow, runColumns, toJobRun, toSingleJobRun } from './run-rows.ts'
import { activeStatuses } from './transitions.ts'

/** What became of a report: `applied` is false when the guard kept it out. */
export type Applied = { applied: boolean; run: JobRun } | undefined

/** The guard of every report: the run is not terminal, and no newer attempt was heard of. */
export function updateActive(
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

/** The same for a statement that is written out: follows `where`. */
export function isActive(
  jobRunId: string,
  attempt: number,
  before: readonly JobRunStatus[] = activeStatuses,
) {
  return sql<boolean>`uuid = ${jobRunId}::uuid and status in (${sql.join([...before])}) and attempt <= ${attempt}`
}

/** `change` answers the row that it changed, or undefined when the guard kept it out. */
export async function apply(
  db: Db,
  jobRunId: string,
  change: (trx: Db) => Promise<RunRow | undefined>,
): Promise<Applied> {
  if (!isUuid(jobRunId)) return undefined
  return transact(db, async (trx) => {
    const changed = await change(trx)
    const row =
      changed ??
      (await trx.selectFrom('job_runs').select(runColumns).where('uuid', '=', jobRunId).executeTakeFirst())
    return row && { applied: changed !== undefined, run: await toSingleJobRun(trx, row) }
  })
}

/** The same where `change` is a single statement, which answers the run with its outputs. */
export async function applyAtOnce(
  db: Db,
  jobRunId: string,
  change: () => Promise<RunRow | undefined>,
): Promise<Applied> {
  if (!isUuid(jobRunId)) return undefined
  const changed = await untilUnhindered(change)
  if (changed) return { applied: true, run: toJobRun(changed) }
  const row = await db
    .selectFrom('job_runs')
    .select(runColumns)
    .where('uuid', '=', jobRunId)
    .executeTakeFirst()
  return row && { applied: false, run: toJobRun(row) }
}

/** Whose a run is, which never changes. */
export async function ownerOf({ db, owners }: StoreContext, jobRunId: string): Promise<Caller | undefined> {
  if (!isUuid(jobRunId)) return undefined
  const uuid = jobRunId.toLowerCase()
  const known = owners.get(uuid)
  if (known) return known
  const owner = await db
    .selectFrom('job_runs')
    .select(['workspace', 'created_by as email'])
    .where('uuid', '=', uuid)
    .executeTakeFirst()
  if (owner) owners.set(uuid, owner)
  return owner
}
