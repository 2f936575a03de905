import type {
  AppendLogsBody,
  DocumentEntry,
  FinishRunBody,
  Job,
  JobRun,
  JobRunStatus,
  JsonObject,
  LogLine,
  Metagraph,
  OutputReference,
  ProgressBody,
  RunError,
} from '../../contract/index.ts'

/** What the services need from the world. `store/` implements JobStore; `src/temporal` implements RunExecutor. */

/** Who is calling: every read and write is confined to the workspace. */
export interface Caller {
  workspace: string
  email: string
}

export interface TokenOwner extends Caller {
  kind: 'user' | 'worker'
}

/** An idempotency key of one route, with the hash of the canonical body it was first sent with. */
export interface IdempotencyKey {
  key: string
  requestHash: string
}

/** `replayed`: the first answer again. `reused`: same key, other body. `barred`: cancelled before it was ever used. */
export type Keyed<T> =
  | { outcome: 'created' | 'replayed'; value: T }
  | { outcome: 'reused' }
  | { outcome: 'barred' }

export interface Page {
  limit?: number
  /** Opaque; made and read by the store only. */
  cursor?: string
}

/** Bounds are instants, RFC 3339 with microseconds; `createdAfter` inclusive, `createdBefore` exclusive. */
export interface JobFilter extends Page {
  jobTypes?: string[]
  createdByUsers?: string[]
  sourceSessionIds?: string[]
  createdAfter?: string
  createdBefore?: string
}

export interface JobRunFilter extends Page {
  jobId?: string
  jobTypes?: string[]
  statuses?: JobRunStatus[]
  createdAfter?: string
  createdBefore?: string
}

export interface NewJob {
  uuid: string
  jobType: string
  name: string
  config: JsonObject
  sourceSessionId: string | null
  sourceProjectId: string | null
}

export interface NewJobRun {
  uuid: string
  jobId: string
  jobType: string
  jobName: string
  config: JsonObject
  clientRef: string | null
  execution: ExecutionOptions
}

/** What Temporal needs to know to run a job run; fixed when the run is triggered. */
export interface ExecutionOptions {
  taskQueue: string | null
  /** The whole run, all attempts; null: none. */
  timeoutMs: number | null
}

/** A row with its place in the list, yielded one by one so that memory stays bounded. */
export interface ListPage<T> {
  items: AsyncIterable<T>
  /** Known only once `items` is exhausted; null on the last page or without `limit`. */
  nextCursor(): string | null
}

export type CancelOutcome =
  | { outcome: 'requested' | 'cancelled' | 'already_requested'; run: JobRun }
  | { outcome: 'terminal'; run: JobRun }
  | { outcome: 'unknown' }

export interface JobStore {
  tokens: {
    find(sha256: string): Promise<TokenOwner | undefined>
    ensure(sha256: string, owner: TokenOwner): Promise<void>
  }
  jobs: {
    create(caller: Caller, job: NewJob, key?: IdempotencyKey): Promise<Keyed<Job>>
    /** The answer a key already has, before a body is validated against things that may have changed since. */
    findByKey(caller: Caller, key: IdempotencyKey): Promise<Keyed<Job> | undefined>
    /** Deleted ones too: `is_deleted` says so. */
    get(caller: Caller, jobId: string): Promise<(Job & { jobType: string }) | undefined>
    list(caller: Caller, filter: JobFilter): ListPage<Job>
    /** Optimistic: `expected` is the config it was merged over; undefined when another write came first or it is gone. */
    update(caller: Caller, jobId: string, expected: JsonObject, config: JsonObject): Promise<Job | undefined>
    softDelete(caller: Caller, jobId: string): Promise<boolean>
  }
  runs: {
    /** One transaction: row, idempotency key, change, outbox. `job_deleted` when the job went meanwhile. */
    create(
      caller: Caller,
      run: NewJobRun,
      key?: IdempotencyKey,
    ): Promise<Keyed<JobRun> | { outcome: 'job_deleted' }>
    /** The answer a key already has, before a body is validated against things that may have changed since. */
    findByKey(
      caller: Caller,
      key: IdempotencyKey,
      clientRef: string | null,
    ): Promise<Keyed<JobRun> | undefined>
    get(caller: Caller, jobRunId: string): Promise<JobRun | undefined>
    /** Resolves when the run's status may have changed, after `timeoutMs` or sooner, or when aborted. */
    waitForChange(jobRunId: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
    latestOf(caller: Caller, jobId: string): Promise<JobRun | undefined>
    list(caller: Caller, filter: JobRunFilter): ListPage<JobRun>
    requestCancel(caller: Caller, jobRunId: string): Promise<CancelOutcome>
    /** Cancels what the key started; when it started nothing, bars it for ever. */
    cancelByKey(caller: Caller, key: string): Promise<CancelOutcome | { outcome: 'barred' }>
    logs(caller: Caller, jobRunId: string, page: Page): ListPage<LogLine>
    output(
      caller: Caller,
      jobRunId: string,
      name: string,
    ): Promise<{ mediaType: string; content: Uint8Array } | undefined>
  }
  changes: {
    /** Where the feed of a workspace stands now. */
    head(caller: Caller): Promise<string>
    /** In order; never skips one that commits late. At most `limit` of them, or fewer; `cursor` stands past everything looked at. Throws an error whose `code` is `bad_cursor`, as every list does for a cursor it did not make. */
    after(
      caller: Caller,
      cursor: string,
      options: { limit: number; statuses?: JobRunStatus[] },
    ): Promise<{ changes: { cursor: string; run: JobRun }[]; cursor: string }>
    /** Resolves when something may have changed in the workspace, after `timeoutMs` or sooner, or when aborted. */
    wait(workspace: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
  }
  documents: {
    put(
      caller: Caller,
      document: { collection: string; path: string; mediaType: string; content: Uint8Array },
    ): Promise<DocumentEntry>
    get(
      caller: Caller,
      collection: string,
      path: string,
    ): Promise<{ entry: DocumentEntry; content: Uint8Array } | undefined>
    delete(caller: Caller, collection: string, path: string): Promise<boolean>
    /** By path. */
    list(caller: Caller, collection: string): ListPage<DocumentEntry>
  }
  metagraphs: {
    get(caller: Caller, system: string): Promise<{ graph: Metagraph; etag: string } | undefined>
    /** `ifMatch`: an etag, or `*` never; null: only when there is none yet; undefined: whatever is there. `writtenBy`: a job run id; the same one again changes nothing and answers what it wrote. */
    put(
      caller: Caller,
      graph: Metagraph,
      options: { ifMatch?: string | null; writtenBy?: string },
    ): Promise<
      | { outcome: 'stored'; graph: Metagraph; etag: string }
      | { outcome: 'precondition_failed'; etag: string | null }
    >
  }
  /** The worker protocol: not confined to a workspace, reached with a worker token only. */
  reports: {
    /** Moves pending → running, notes the attempt. */
    startAttempt(
      jobRunId: string,
      attempt: number,
    ): Promise<
      | { run: JobRun; jobType: string; workspace: string; previousAttempt: 'none' | 'retryable' | 'lost' }
      | undefined
    >
    finish(jobRunId: string, report: FinishRunBody): Promise<{ applied: boolean; run: JobRun } | undefined>
    retry(
      jobRunId: string,
      attempt: number,
      error: RunError,
    ): Promise<{ applied: boolean; run: JobRun } | undefined>
    progress(jobRunId: string, report: ProgressBody): Promise<{ applied: boolean; run: JobRun } | undefined>
    appendLogs(
      jobRunId: string,
      report: AppendLogsBody,
    ): Promise<{ applied: boolean; run: JobRun } | undefined>
    putOutput(
      jobRunId: string,
      attempt: number,
      output: { name: string; type: string; mediaType: string; content: Uint8Array },
    ): Promise<OutputReference | 'terminal' | undefined>
    workspaceOf(jobRunId: string): Promise<Caller | undefined>
  }
  dispatch: {
    /** Claims due outbox rows (SKIP LOCKED), oldest first per run, and marks them for `leaseMs`; commits before it returns. */
    claim(options: { limit: number; leaseMs: number }): Promise<OutboxItem[]>
    done(itemId: string): Promise<void>
    /** Due again after `delayMs`. */
    postpone(itemId: string, delayMs: number, reason: string): Promise<void>
    /** Resolves when the outbox may hold something new, or after `timeoutMs`. */
    wait(timeoutMs: number, signal?: AbortSignal): Promise<void>
    /** Runs dispatched, not terminal and not heard of for a while; pushes their next check `againMs` ahead. */
    claimUnreported(options: { limit: number; againMs: number }): Promise<string[]>
    /** Puts the start of a run into the outbox anew; does nothing when the run is terminal or a start of it is there already. */
    redispatch(jobRunId: string): Promise<void>
  }
  ping(): Promise<void>
  close(): Promise<void>
}

export interface OutboxItem {
  id: string
  kind: 'start' | 'cancel'
  jobRunId: string
  jobType: string
  execution: ExecutionOptions
  tries: number
}

/** Temporal, as the server sees it. */
export interface RunExecutor {
  /** Duplicates are rejected by id, so a second start of the same run is harmless. */
  start(run: {
    jobRunId: string
    jobType: string
    execution: ExecutionOptions
  }): Promise<'started' | 'already_started'>
  requestCancel(jobRunId: string): Promise<'requested' | 'not_found' | 'closed'>
  describe(jobRunId: string): Promise<ExecutionState>
}

export type ExecutionState =
  | { state: 'active' }
  | { state: 'not_found' }
  /** `status`: how `executeJobRun` said that the run ended, in its own words. */
  | { state: 'completed'; status: string | null }
  | { state: 'closed'; status: 'failed' | 'cancelled'; error: RunError }
