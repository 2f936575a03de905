import type { JobRun } from '../../contract/index.ts'
import type { Caller, Keyed } from '../ports/index.ts'
import { type Db, isUuid } from './context.ts'
import type { KnownKey } from './idempotency.ts'
import { type RunRow, runColumns, toJobRun } from './run-rows.ts'

export async function selectRun(db: Db, caller: Caller, jobRunId: string): Promise<RunRow | undefined> {
  if (!isUuid(jobRunId)) return undefined
  return db
    .selectFrom('job_runs')
    .select(runColumns)
    .where('uuid', '=', jobRunId)
    .where('workspace', '=', caller.workspace)
    .executeTakeFirst()
}

/** The run that a key started, now. */
export async function replayRun(db: Db, caller: Caller, known: KnownKey): Promise<Keyed<JobRun>> {
  if (known.state !== 'used') return { outcome: known.state }
  const row = await selectRun(db, caller, known.resourceId)
  if (row === undefined) throw new Error('the job run of an idempotency key is missing')
  return { outcome: 'replayed', value: toJobRun(row) }
}
