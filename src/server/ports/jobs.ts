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

export interface Jobs {
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
