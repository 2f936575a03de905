import type { JobRun, JobRunStatus } from '../../contract/index.ts'
import type { Caller } from './caller.ts'

/** A run's change to a status: which and when, whatever became of the run since. */
export interface Change {
  cursor: string
  status: JobRunStatus
  at: string
  /** As it is now. */
  run: JobRun
}

/** Which changes a reader is after. */
export interface ChangeFilter {
  /** To these; empty: to any. */
  statuses?: JobRunStatus[]
  /** Of runs whose reference, as it is now, begins so. */
  clientRefPrefix?: string
}

/** The ordered feed of status changes. */
export interface Changes {
  /** Where the feed of a workspace stands now. */
  head(caller: Caller): Promise<string>
  /** In order; never skips one that commits late. At most `limit` of them, or fewer; `cursor` stands past everything looked at. Throws an error whose `code` is `bad_cursor`, as every list does for a cursor it did not make. */
  after(
    caller: Caller,
    cursor: string,
    options: { limit: number } & ChangeFilter,
  ): Promise<{ changes: Change[]; cursor: string }>
  /** Resolves when there may be a change in the workspace that the filter lets through, after `timeoutMs` or sooner, or when aborted. */
  wait(workspace: string, timeoutMs: number, signal?: AbortSignal, filter?: ChangeFilter): Promise<void>
}
