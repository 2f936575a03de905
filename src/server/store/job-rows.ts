import type { Selectable } from 'kysely'
import type { Job } from '../../contract/index.ts'
import { utc } from './context.ts'
import { storedObject } from './stored-json.ts'
import type { Tables } from './tables.ts'

type Columns = Selectable<Tables['jobs']>
export type JobRow = Omit<Columns, 'workspace' | 'created_at' | 'updated_at'> & {
  created_at: string
  updated_at: string | null
}

export const jobColumns = [
  'jobs.uuid',
  'jobs.job_type',
  'jobs.name',
  'jobs.description',
  'jobs.config',
  'jobs.is_deleted',
  'jobs.created_by',
  'jobs.source_session_id',
  'jobs.source_project_id',
  utc('jobs.created_at').as('created_at'),
  utc<string | null>('jobs.updated_at').as('updated_at'),
] as const

export function toJob(row: JobRow): Job {
  return {
    uuid: row.uuid,
    name: row.name,
    description: row.description,
    config: storedObject(row.config),
    is_deleted: row.is_deleted,
    created_by: row.created_by,
    created_at: row.created_at,
    updated_at: row.updated_at,
    source_session_id: row.source_session_id,
    source_project_id: row.source_project_id,
  }
}
