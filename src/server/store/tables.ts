import type { ColumnType, Generated } from 'kysely'
import type { JobRunStatus, LogLine } from '../../contract/index.ts'

/**
 * The tables, as `migrations/` leaves them. JSON is kept as text: it comes back exactly as it was given.
 * Instants and bigints are read through `utc` and as text only, so that both drivers give the same values.
 */
export interface Tables {
  tokens: {
    sha256: string
    workspace: string
    email: string
    kind: 'user' | 'worker'
    created_at: Generated<Date>
  }
  jobs: {
    uuid: string
    workspace: string
    job_type: string
    name: string
    description: string | null
    config: string
    is_deleted: Generated<boolean>
    created_by: string
    created_at: Generated<Date>
    updated_at: Date | null
    source_session_id: string | null
    source_project_id: string | null
  }
  job_runs: {
    uuid: string
    workspace: string
    job_id: string
    job_type: string
    job_name: string
    config: string
    status: JobRunStatus
    created_by: string
    created_at: Generated<Date>
    updated_at: Generated<Date>
    started_at: Date | null
    finished_at: Date | null
    cancel_requested_at: Date | null
    /** The newest attempt heard of; 0 before the first. */
    attempt: Generated<number>
    /** The newest attempt that asked for another one. */
    retried_attempt: number | null
    error: string | null
    progress: string | null
    client_ref: string | null
    task_queue: string | null
    timeout_ms: BigInteger | null
    queue_timeout_ms: BigInteger | null
    log_lines: Generated<number>
    /** When its start was first handed to a dispatcher; from then on only Temporal can cancel it. */
    dispatched_at: Date | null
    /** When the reconciler asks Temporal about it; null before dispatch and once terminal. */
    next_check_at: Date | null
  }
  installation: {
    only_one: Generated<boolean>
    id: Generated<string>
  }
  idempotency_keys: {
    workspace: string
    route: KeyedRoute
    key: string
    /** Null for a key that was barred before it was used. */
    request_hash: string | null
    resource_id: string | null
    created_at: Generated<Date>
  }
  /** One row a workspace: its lock orders the changes. */
  change_counters: { workspace: string; last_seq: BigInteger }
  job_run_changes: {
    workspace: string
    seq: BigInteger
    job_run_id: string
    /** The status that the change led to. */
    status: JobRunStatus
    at: Generated<Date>
  }
  outbox: {
    id: ColumnType<string, never, never>
    job_run_id: string
    kind: 'start' | 'cancel'
    due_at: Generated<Date>
    claimed_until: Date | null
    /** The name that the claiming server's connections bear. */
    claimed_by: string | null
    tries: Generated<number>
    last_error: string | null
  }
  job_run_outputs: {
    job_run_id: string
    name: string
    uuid: string
    type: string
    media_type: string
    size_bytes: number
    content: Uint8Array
    /** The content of small JSON once more, so that a listing never reads `content`. */
    inline_json: string | null
    created_at: Generated<Date>
  }
  job_run_logs: {
    id: ColumnType<string, never, never>
    job_run_id: string
    attempt: number
    level: LogLine['level']
    message: string
    at: Date
  }
  /** Hashes of the log reports taken: one that is sent again adds nothing. */
  job_run_log_reports: { job_run_id: string; sha256: string }
  documents: {
    workspace: string
    collection: string
    path: string
    media_type: string
    size_bytes: number
    sha256: string
    content: Uint8Array
    updated_at: Generated<Date>
  }
  metagraphs: {
    workspace: string
    system: string
    revision: BigInteger
    graph: string
    updated_at: Generated<Date>
  }
  /** What each job run wrote, so that its second attempt is answered with the first one's graph; null once it has ended. */
  metagraph_writes: {
    workspace: string
    system: string
    written_by: string
    revision: BigInteger
    graph: string | null
  }
  pipelines: {
    workspace: string
    name: string
    /** The number of the newest version there ever was. */
    last_version: number
    /** Its versions are gone; its numbers are not used again. */
    is_deleted: Generated<boolean>
    created_at: Generated<Date>
  }
  pipeline_versions: {
    workspace: string
    name: string
    version: number
    description: string | null
    yaml: string
    created_by: string
    created_at: Generated<Date>
  }
}

export type KeyedRoute = 'createJob' | 'createJobRun'

/** pg reads bigint as text, PGlite as a number. */
type BigInteger = ColumnType<string | number, string | number, string | number>
