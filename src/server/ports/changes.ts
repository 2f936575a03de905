import type { JobRun, JobRunStatus } from '../../contract/index.ts'
import type { Caller } from './caller.ts'

/** The ordered feed of status changes. */
export interface Changes {
  /** Where the feed of a workspace stands now. */
  head(caller: Caller): Promise<string>
  /** In order; never skips one that commits late. At most `limit` of them, or fewer; `cursor` stands past everything looked at. Throws an error whose `code` is `bad_cursor`, as every list does for a cursor it did not make. */
  after(
    caller: Caller,
    cursor: string,
    options: { limit: number; statuses?: JobRunStatus[] },
  ): Promise<{
    /** `status` and `at` are the change's own; the run is as it is now. */
    changes: { cursor: string; status: JobRunStatus; at: string; run: JobRun }[]
    cursor: string
  }>
  /** Resolves when something may have changed in the workspace, after `timeoutMs` or sooner, or when aborted. */
  wait(workspace: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
}
