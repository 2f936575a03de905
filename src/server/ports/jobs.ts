import type { JsonObject } from '../../base/json.ts'
import type { Job } from '../../contract/index.ts'
import type { Caller } from './caller.ts'
import type { IdempotencyKey, Keyed } from './keys.ts'
import type { ListPage, Page } from './paging.ts'

/** Bounds are instants, RFC 3339 with microseconds; `createdAfter` inclusive, `createdBefore` exclusive. */
export interface JobFilter extends Page {
  jobTypes?: string[]
  createdByUsers?: string[]
  sourceSessionIds?: string[]
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

/** What tells whether a job is as it was read: every write changes its time. */
export type JobState = Pick<Job, 'config' | 'updated_at'>

export interface Jobs {
  create(caller: Caller, job: NewJob, key?: IdempotencyKey): Promise<Keyed<Job>>
  /** The answer a key already has, before a body is validated against things that may have changed since. */
  findByKey(caller: Caller, key: IdempotencyKey): Promise<Keyed<Job> | undefined>
  /** Deleted ones too: `is_deleted` says so. */
  get(caller: Caller, jobId: string): Promise<(Job & { jobType: string }) | undefined>
  list(caller: Caller, filter: JobFilter): ListPage<Job>
  /** Optimistic: `expected` is the job as read; undefined when another write came first or it is gone. */
  update(caller: Caller, jobId: string, expected: JobState, config: JsonObject): Promise<Job | undefined>
  /** False when there is no such job, or another write came before over what was expected. */
  softDelete(caller: Caller, jobId: string, expected?: JobState): Promise<boolean>
}
