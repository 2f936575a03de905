import type { JsonObject } from '../../base/json.ts'
import type { JobRun, JobRunStatus, LogLine } from '../../contract/index.ts'
import type { Caller } from './caller.ts'
import type { ExecutionOptions } from './executor.ts'
import type { IdempotencyKey, Keyed } from './keys.ts'
import type { ListPage, Page } from './paging.ts'

export interface JobRunFilter extends Page {
  jobId?: string
  jobTypes?: string[]
  statuses?: JobRunStatus[]
  createdAfter?: string
  createdBefore?: string
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

export type CancelOutcome =
  | { outcome: 'requested' | 'cancelled' | 'already_requested'; run: JobRun }
  | { outcome: 'terminal'; run: JobRun }
  | { outcome: 'unknown' }

export interface JobRuns {
  /** One transaction: row, idempotency key, change, outbox. `job_deleted` when the job went meanwhile. */
  create(
    caller: Caller,
    run: NewJobRun,
    key?: IdempotencyKey,
  ): Promise<Keyed<JobRun> | { outcome: 'job_deleted' }>
  /** The answer a key already has, before a body is validated against things that may have changed since. */
  findByKey(caller: Caller, key: IdempotencyKey): Promise<Keyed<JobRun> | undefined>
  /** Replaces the reference of a run that is not over, so that the change which ends it carries it; the run as it is now. */
  setClientRef(caller: Caller, jobRunId: string, clientRef: string): Promise<JobRun | undefined>
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
