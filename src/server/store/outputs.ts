import { randomUUIDv7 } from 'node:crypto'
import { sql } from 'kysely'
import {
  isJsonMediaType,
  isTerminalStatus,
  limits,
  type OutputReference,
  outputValue,
} from '../../contract/index.ts'
import { isActive } from './active-runs.ts'
import { type Db, fromNow, isUuid, type StoreContext, transact, untilUnhindered } from './context.ts'
import { type OutputRow, outputColumns, toOutputReference } from './run-rows.ts'

export interface Output {
  name: string
  type: string
  mediaType: string
  content: Uint8Array
}

/** Stores an output, in the place of an earlier one of that name, while the run and the attempt are still current. */
export async function putOutput(
  context: StoreContext,
  jobRunId: string,
  attempt: number,
  output: Output,
): Promise<OutputReference | 'terminal' | 'full' | undefined> {
  if (!isUuid(jobRunId)) return undefined
  const { db, reportPatienceMs } = context
  const stored = {
    type: output.type,
    media_type: output.mediaType,
    size_bytes: output.content.byteLength,
    content: output.content,
    inline_json: inlineJson(output),
  }
  const atOnce = await storeAtOnce(context, jobRunId, attempt, output.name, stored)
  if (atOnce) return toOutputReference(atOnce)
  return transact(db, async (trx) => {
    // Locked, so that no run ends while an output of it is being written.
    const run = await trx
      .selectFrom('job_runs')
      .select(['status', 'attempt'])
      .where('uuid', '=', jobRunId)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (run === undefined) return undefined
    if (isTerminalStatus(run.status) || attempt < run.attempt) return 'terminal'
    if (!(await hasRoom(trx, jobRunId, output))) return 'full'
    const row = await upsert(trx, jobRunId, output.name, stored)
    await trx
      .updateTable('job_runs')
      .set({ attempt, next_check_at: fromNow(reportPatienceMs) })
      .where('uuid', '=', jobRunId)
      .execute()
    return toOutputReference(row)
  })
}

/**
 * By one statement while the run has plenty of room, as others that store at this moment are not counted: more room than
 * connections could fill at once. Undefined, and nothing done, when the guard or the room keeps it out. The update locks the run, so
 * that no run ends while an output of it is being written.
 */
async function storeAtOnce(
  { db, reportPatienceMs }: StoreContext,
  jobRunId: string,
  attempt: number,
  name: string,
  stored: StoredOutput,
): Promise<OutputRow | undefined> {
  const { type, media_type, size_bytes, content, inline_json } = stored
  const { rows } = await untilUnhindered(() =>
    sql<OutputRow>`
      with run as (
        update job_runs set attempt = ${attempt}, next_check_at = ${fromNow(reportPatienceMs)}
        where ${isActive(jobRunId, attempt)} and (
          select count(*) < ${sql.lit(limits.outputsOfRun / 4)} and coalesce(sum(size_bytes), 0) < ${sql.lit(limits.outputBytesOfRun / 4)}
          from job_run_outputs where job_run_id = ${jobRunId}::uuid
        )
        returning uuid
      )
      insert into job_run_outputs (job_run_id, name, uuid, type, media_type, size_bytes, content, inline_json)
      select uuid, ${name}, ${randomUUIDv7()}::uuid, ${type}, ${media_type}, ${size_bytes}::integer, ${content}::bytea, ${inline_json}
      from run
      on conflict (job_run_id, name) do update set type = excluded.type, media_type = excluded.media_type,
        size_bytes = excluded.size_bytes, content = excluded.content, inline_json = excluded.inline_json
      returning ${sql.join(outputColumns.map((column) => sql.ref(column)))}`.execute(db),
  )
  return rows[0]
}

/** The run's row is locked: nobody else adds to its outputs meanwhile. */
async function hasRoom(trx: Db, jobRunId: string, output: Output): Promise<boolean> {
  const others = await trx
    .selectFrom('job_run_outputs')
    .select([
      sql<number>`count(*)::integer`.as('count'),
      sql<string>`coalesce(sum(size_bytes), 0)::text`.as('bytes'),
    ])
    .where('job_run_id', '=', jobRunId)
    .where('name', '!=', output.name)
    .executeTakeFirstOrThrow()
  return (
    others.count < limits.outputsOfRun &&
    Number(others.bytes) + output.content.byteLength <= limits.outputBytesOfRun
  )
}

/** The uuid belongs to the place, so a report that is sent again is answered with the same one. */
async function upsert(trx: Db, jobRunId: string, name: string, stored: StoredOutput) {
  return trx
    .insertInto('job_run_outputs')
    .values({ job_run_id: jobRunId, name, uuid: randomUUIDv7(), ...stored })
    .onConflict((conflict) => conflict.columns(['job_run_id', 'name']).doUpdateSet(stored))
    .returning(outputColumns)
    .executeTakeFirstOrThrow()
}

interface StoredOutput {
  type: string
  media_type: string
  size_bytes: number
  content: Uint8Array
  inline_json: string | null
}

/** The text of a small JSON output, exactly as it was given; null for anything else, and for what cannot be kept as it is. */
function inlineJson(output: Output): string | null {
  if (!isJsonMediaType(output.mediaType) || output.content.byteLength > limits.inlineOutputBytes) return null
  return 'value' in outputValue(output) ? new TextDecoder().decode(output.content) : null
}
