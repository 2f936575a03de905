import { type Selectable, sql } from 'kysely'
import { basePath, type JobRun, limits, type OutputReference, type RunError } from '../../contract/index.ts'
import { type Db, utc } from './context.ts'
import { storedJson, storedObject } from './stored-json.ts'
import type { Tables } from './tables.ts'

type Instants = 'created_at' | 'updated_at' | 'started_at' | 'finished_at' | 'cancel_requested_at'
type Unread =
  | 'retried_attempt'
  | 'task_queue'
  | 'timeout_ms'
  | 'queue_timeout_ms'
  | 'log_lines'
  | 'dispatched_at'
  | 'next_check_at'

export type RunRow = Omit<Selectable<Tables['job_runs']>, Instants | Unread> & {
  created_at: string
  updated_at: string
  started_at: string | null
  finished_at: string | null
  cancel_requested_at: string | null
  /** As `outputsOfRun` reads them; absent from a row that was written and cannot have any. */
  outputs?: string | null
}

/** Of `job_runs`, without its outputs: for what is written and answered by one statement, and cannot have any yet. */
export const bareRunColumns = [
  'job_runs.uuid',
  'job_runs.workspace',
  'job_runs.job_id',
  'job_runs.job_type',
  'job_runs.job_name',
  'job_runs.config',
  'job_runs.status',
  'job_runs.created_by',
  'job_runs.attempt',
  'job_runs.error',
  'job_runs.progress',
  'job_runs.client_ref',
  utc('job_runs.created_at').as('created_at'),
  utc('job_runs.updated_at').as('updated_at'),
  utc<string | null>('job_runs.started_at').as('started_at'),
  utc<string | null>('job_runs.finished_at').as('finished_at'),
  utc<string | null>('job_runs.cancel_requested_at').as('cancel_requested_at'),
] as const

/**
 * The outputs of a run as JSON text, null for none: read with the run by one statement, so that a run that is seen as
 * completed is seen with all of its outputs. Beyond the run's budget the text of an output is not even read.
 */
const outputsOfRun = sql<string | null>`(
  select json_agg(json_build_array(name, uuid, type, media_type, size_bytes, inline_json) order by created_at, name)::text
  from (
    select name, uuid, type, media_type, size_bytes, created_at,
      case when sum(octet_length(inline_json)) over (order by created_at, name) <= ${sql.lit(limits.inlineBytesOfRun)}
        then inline_json end as inline_json
    from job_run_outputs where job_run_id = job_runs.uuid
  ) kept
)`

/** Of `job_runs`: all that a run is presented with. */
export const runColumns = [...bareRunColumns, outputsOfRun.as('outputs')] as const

/** The same for a statement that is written out. */
export const runColumnList = sql.join(
  runColumns.map((column) => (typeof column === 'string' ? sql.ref(column) : column)),
)
export const bareRunColumnList = sql.join(
  bareRunColumns.map((column) => (typeof column === 'string' ? sql.ref(column) : column)),
)

export function toJobRun(row: RunRow): JobRun {
  return {
    uuid: row.uuid,
    job_id: row.job_id,
    job_name: row.job_name,
    config: storedObject(row.config),
    status: row.status,
    created_by: row.created_by,
    created_at: row.created_at,
    updated_at: row.updated_at,
    is_deleted: false,
    output_references: outputsIn(row),
    error: row.error === null ? null : storedError(row.error),
    started_at: row.started_at,
    finished_at: row.finished_at,
    cancel_requested_at: row.cancel_requested_at,
    attempt: row.attempt,
    progress: (storedJson(row.progress) ?? null) as JobRun['progress'],
    client_ref: row.client_ref,
  }
}

type OutputFields = [string, string, string, string, number, string | null]

function outputsIn({ uuid: job_run_id, outputs }: RunRow): OutputReference[] {
  if (!outputs) return []
  return (JSON.parse(outputs) as OutputFields[]).map(
    ([name, uuid, type, media_type, size_bytes, inline_json]) =>
      toOutputReference({ job_run_id, name, uuid, type, media_type, size_bytes, inline_json }),
  )
}

function storedError(text: string): RunError {
  const error = storedJson(text) as RunError | undefined
  return error ?? { code: 'unreadable_error', message: 'what is stored as the error cannot be read' }
}

export type OutputRow = Omit<Selectable<Tables['job_run_outputs']>, 'content' | 'created_at'>

export const outputColumns = [
  'job_run_outputs.job_run_id',
  'job_run_outputs.name',
  'job_run_outputs.uuid',
  'job_run_outputs.type',
  'job_run_outputs.media_type',
  'job_run_outputs.size_bytes',
  'job_run_outputs.inline_json',
] as const

export function toOutputReference(row: OutputRow): OutputReference {
  const value = storedJson(row.inline_json)
  return {
    type: row.type,
    uuid: row.uuid,
    name: row.name,
    media_type: row.media_type,
    size_bytes: row.size_bytes,
    href: `${basePath}/job-runs/${row.job_run_id}/outputs/${encodeURIComponent(row.name)}`,
    // One that cannot be presented is still there to be downloaded, byte for byte.
    ...(value === undefined ? {} : { value }),
  }
}

/**
 * Of a row that was read under its lock, which may have been waited for: the outputs are read after it, as those of a
 * statement that waited are as old as the statement.
 */
export async function toSingleJobRun(db: Db, row: RunRow): Promise<JobRun> {
  const { rows } = await sql<{ outputs: string | null }>`
    select ${outputsOfRun} as outputs from job_runs where uuid = ${row.uuid}`.execute(db)
  return toJobRun({ ...row, outputs: rows[0]?.outputs ?? null })
}
