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
}

export const runColumns = [
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

export function toJobRun(row: RunRow, outputs: OutputReference[]): JobRun {
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
    output_references: outputs,
    error: row.error === null ? null : storedError(row.error),
    started_at: row.started_at,
    finished_at: row.finished_at,
    cancel_requested_at: row.cancel_requested_at,
    attempt: row.attempt,
    progress: (storedJson(row.progress) ?? null) as JobRun['progress'],
    client_ref: row.client_ref,
  }
}

function storedError(text: string): RunError {
  const error = storedJson(text) as RunError | undefined
  return error ?? { code: 'unreadable_error', message: 'what is stored as the error cannot be read' }
}

export type OutputRow = Omit<Selectable<Tables['job_run_outputs']>, 'content' | 'created_at'>

const bareOutputColumns = [
  'job_run_outputs.job_run_id',
  'job_run_outputs.name',
  'job_run_outputs.uuid',
  'job_run_outputs.type',
  'job_run_outputs.media_type',
  'job_run_outputs.size_bytes',
] as const

export const outputColumns = [...bareOutputColumns, 'job_run_outputs.inline_json'] as const

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
 * How each of these rows becomes a run, with its outputs. The outputs are read after the rows: a run that is seen as
 * completed is seen with all of its outputs.
 */
export async function jobRunMaker(db: Db, rows: RunRow[]): Promise<(row: RunRow) => JobRun> {
  if (rows.length === 0) return (row) => toJobRun(row, [])
  const found = await db
    .selectFrom('job_run_outputs')
    .select(bareOutputColumns)
    // Beyond the run's budget the text is not even read.
    .select(
      sql<
        string | null
      >`case when sum(octet_length(inline_json)) over (partition by job_run_id order by created_at, name) <= ${limits.inlineBytesOfRun} then inline_json end`.as(
        'inline_json',
      ),
    )
    .where('job_run_id', 'in', [...new Set(rows.map((row) => row.uuid))])
    .orderBy('created_at')
    .orderBy('name')
    .execute()
  const outputs = Map.groupBy(found, (row) => row.job_run_id)
  return (row) => toJobRun(row, (outputs.get(row.uuid) ?? []).map(toOutputReference))
}

export async function toSingleJobRun(db: Db, row: RunRow): Promise<JobRun> {
  return (await jobRunMaker(db, [row]))(row)
}
