/** What the foreign server is made of. Nothing here, nor in its other files, comes from `src/`: it is written from the reference alone. */

export type Endpoint =
  | 'list_schemas'
  | 'create_job'
  | 'list_jobs'
  | 'get_job'
  | 'latest_run'
  | 'update_job'
  | 'delete_job'
  | 'create_run'
  | 'list_runs'
  | 'get_run'
  | 'cancel_run'
  | 'capabilities'
  | 'whoami'
  | 'unknown'

export type Status = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'
export type EndStatus = 'completed' | 'failed' | 'cancelled'
export type Config = Record<string, unknown>

export interface Job {
  kind: 'job'
  uuid: string
  name: string
  jobType: string
  config: Config
  isDeleted: boolean
  createdBy: string
  createdAtMs: number
  updatedAtMs: number | undefined
  sourceSessionId: string | null
  sourceProjectId: string | null
}

export interface Run {
  kind: 'run'
  uuid: string
  job: Job
  config: Config
  createdBy: string
  createdAtMs: number
  /** Every status it had, oldest first: a stale list shows an older one. */
  history: { atMs: number; status: Status }[]
  outputs: readonly unknown[]
  /** By a request; false for planted ones. */
  requested: boolean
  /** Cancels that were asked for so far. */
  cancels: number
}

/** A request as it was done, written before it was answered. */
export interface RequestLogEntry {
  event: 'request'
  /** Shared with the changes: one order for both. */
  seq: number
  atMs: number
  method: string
  /** Below the API's own path: `/job-runs`. */
  path: string
  query: Record<string, string[]>
  body: unknown
  status: number
  /** The run that a `POST /job-runs` made, whatever was answered. */
  made?: { job_run_id: string; job_id: string; config: Config }
  /** The network doubled it, as the fault proxy says in a header. */
  duplicate?: boolean
}

/** A change of a run's status, the first one too. */
export interface ChangeLogEntry {
  event: 'run_status'
  seq: number
  atMs: number
  job_run_id: string
  job_id: string
  status: Status
  /** False for runs that were planted, and so not made by a request. */
  requested: boolean
}

export interface Reply {
  status: number
  headers?: Record<string, string>
  /** JSON, unless it is text; undefined for none. */
  json?: unknown
  text?: string
}

/** What a habit may look at. */
export interface Call {
  endpoint: Endpoint
  nowMs: number
  method: string
  /** With the API's own path. */
  path: string
  query: URLSearchParams
  token: string | undefined
  origin: string
}
