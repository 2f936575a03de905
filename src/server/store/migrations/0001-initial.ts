import { type Kysely, sql } from 'kysely'

const statements = [
  `create table tokens (
    sha256 text primary key,
    workspace text not null,
    email text not null,
    kind text not null check (kind in ('user', 'worker')),
    created_at timestamptz not null default statement_timestamp()
  )`,

  `create table jobs (
    uuid uuid primary key,
    workspace text not null,
    job_type text not null,
    name text not null,
    description text,
    config text not null,
    is_deleted boolean not null default false,
    created_by text not null,
    created_at timestamptz not null default statement_timestamp(),
    updated_at timestamptz,
    source_session_id uuid,
    source_project_id uuid
  )`,
  'create index jobs_newest on jobs (workspace, created_at desc, uuid desc) where not is_deleted',

  `create table job_runs (
    uuid uuid primary key,
    workspace text not null,
    job_id uuid not null references jobs (uuid),
    job_type text not null,
    job_name text not null,
    config text not null,
    status text not null check (status in ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
    created_by text not null,
    created_at timestamptz not null default statement_timestamp(),
    updated_at timestamptz not null default statement_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    cancel_requested_at timestamptz,
    attempt integer not null default 0,
    retried_attempt integer,
    error text,
    progress text,
    client_ref text,
    task_queue text,
    timeout_ms bigint,
    log_lines integer not null default 0,
    dispatched_at timestamptz,
    next_check_at timestamptz
  )`,
  'create index job_runs_newest on job_runs (workspace, created_at desc, uuid desc)',
  'create index job_runs_newest_of_job on job_runs (job_id, created_at desc, uuid desc)',
  `create index job_runs_active on job_runs (workspace, created_at desc, uuid desc)
    where status in ('pending', 'running', 'paused')`,
  'create index job_runs_to_check on job_runs (next_check_at) where next_check_at is not null',

  `create table idempotency_keys (
    workspace text not null,
    route text not null,
    key text not null,
    request_hash text,
    resource_id uuid,
    created_at timestamptz not null default statement_timestamp(),
    primary key (workspace, route, key),
    check ((request_hash is null) = (resource_id is null))
  )`,

  'create table change_counters (workspace text primary key, last_seq bigint not null)',
  `create table job_run_changes (
    workspace text not null,
    seq bigint not null,
    job_run_id uuid not null references job_runs (uuid) on delete cascade,
    status text not null,
    at timestamptz not null default statement_timestamp(),
    primary key (workspace, seq)
  )`,
  'create index job_run_changes_of_run on job_run_changes (job_run_id)',

  `create table outbox (
    id bigint generated always as identity primary key,
    job_run_id uuid not null references job_runs (uuid) on delete cascade,
    kind text not null check (kind in ('start', 'cancel')),
    due_at timestamptz not null default statement_timestamp(),
    claimed_until timestamptz,
    tries integer not null default 0,
    last_error text,
    unique (job_run_id, kind)
  )`,
  'create index outbox_due on outbox (due_at)',

  `create table job_run_outputs (
    job_run_id uuid not null references job_runs (uuid) on delete cascade,
    name text not null,
    uuid uuid not null unique,
    type text not null,
    media_type text not null,
    size_bytes integer not null,
    content bytea not null,
    inline_json text,
    created_at timestamptz not null default statement_timestamp(),
    primary key (job_run_id, name)
  )`,

  `create table job_run_logs (
    id bigint generated always as identity,
    job_run_id uuid not null references job_runs (uuid) on delete cascade,
    attempt integer not null,
    level text not null,
    message text not null,
    at timestamptz not null,
    primary key (job_run_id, id)
  )`,
  `create table job_run_log_reports (
    job_run_id uuid not null references job_runs (uuid) on delete cascade,
    sha256 text not null,
    primary key (job_run_id, sha256)
  )`,

  `create table documents (
    workspace text not null,
    collection text not null,
    path text collate "C" not null,
    media_type text not null,
    size_bytes integer not null,
    sha256 text not null,
    content bytea not null,
    updated_at timestamptz not null default statement_timestamp(),
    primary key (workspace, collection, path)
  )`,

  `create table metagraphs (
    workspace text not null,
    system text not null,
    revision bigint not null,
    graph text not null,
    updated_at timestamptz not null default statement_timestamp(),
    primary key (workspace, system)
  )`,
  `create table metagraph_writes (
    workspace text not null,
    system text not null,
    written_by uuid not null,
    revision bigint not null,
    graph text not null,
    primary key (workspace, system, written_by)
  )`,
]

export const initial = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}
