import type { JsonObject } from '../../base/json.ts'
import type { JobRun, JobRunStatus, LogLine } from '../../contract/index.ts'
import type { Caller } from './caller.ts'
import type { ExecutionOptions } from './executor.ts'
import type { NewJob } from './jobs.ts'
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
  /** The run comes with its job: `jobId` and `jobName` are those of this one, should it have to be made. */
  job?: JobOfRun
}

/** A job under its own key: made, or the one that the key stands for as long as that is as it was. */
export interface JobOfRun {
  job: NewJob
  key: IdempotencyKey
}

/** `job_key_reused`: the job's key stands for another one. */
export type RunNotMade = { outcome: 'job_deleted' } | { outcome: 'job_key_reused' }

export type CancelOutcome =
  | { outcome: 'requested' | 'cancelled' | 'already_requested'; run: JobRun }
  | { outcome: 'terminal'; run: JobRun }
  | { outcome: 'unknown' }

export interface JobRuns {
  /** One transaction: row, idempotency key, job, change, outbox. `job_deleted` when the job went meanwhile. */
  create(caller: Caller, run: NewJobRun, key?: IdempotencyKey): Promise<Keyed<JobRun> | RunNotMade>
  /** The answer a key already has, before a body is validated against things that may have changed since. */
  findByKey(caller: Caller, key: IdempotencyKey): Promise<Keyed<JobRun> | undefined>
  /** Replaces the reference of a run that is not over, so that the change which ends it carries it; the run as it is now. */
  setClientRef(caller: Caller, jobRunId: string, clientRef: string): Promise<JobRun | undefined>
  get(caller: Caller, jobRunId: string): Promise<JobRun | undefined>
  /** Resolves when the run may have ended, after `timeoutMs` or sooner, or when aborted. */
  waitForEnd(jobRunId: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
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
