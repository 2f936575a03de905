import type { JobsClient, WireJobRun } from '../client/index.ts'

/** Somebody who wants to know how a job run ends. */
export interface Wait {
  /** Of whoever waits: one per activity; adding it again replaces it. */
  id: string
  jobRunId: string
  /** As the server wrote it; '' when unknown. Never compared with our clock. */
  createdAt: string
}

/** `gone`: the server has answered for long that it has no such run. */
export type WaitEnd =
  | { kind: 'ended'; run: WireJobRun }
  | { kind: 'gone'; code: 'job_run_gone'; message: string }

/**
 * What an operator should hear of. `message` is for people and holds nothing secret.
 * - `outage_began`, `outage_ended`: no end is found in between, and none is lost.
 * - `paused`: the server asked for it (429, 503 with `Retry-After`).
 * - `list_short`, `list_refused`: its lists are not believed, or not to be had; runs are got one by one.
 * - `unknown_status`: a run has had one for ten minutes. It is not taken for an end.
 * - `status_went_back`: a run that had ended is said to be active. The end stays.
 * - `look_refused`: the server refuses to show this run, or shows another one.
 */
export interface PollWarning {
  kind:
    | 'outage_began'
    | 'outage_ended'
    | 'paused'
    | 'list_short'
    | 'list_refused'
    | 'unknown_status'
    | 'status_went_back'
    | 'look_refused'
  message: string
  /** Of warnings about one run. */
  jobRunId?: string
}

export interface PollerOptions {
  api: Pick<JobsClient, 'listJobRuns' | 'getJobRun'>
  /**
   * All that is spent on waiting on this connection by this process.
   * @default 5
   */
  requestsPerSecond?: number
  /**
   * L: how long what was just created may be missing from lists and answer 404.
   * @default 60_000
   */
  listingMs?: number
  /**
   * Hands an end over. `not_now`: whoever waits cannot be told at present; it is tried again for a few seconds, then left to the
   * lease. A rejection is tried again until it works.
   */
  deliver(id: string, end: WaitEnd): Promise<'delivered' | 'not_now'>
  onWarning(warning: PollWarning): void
}

/** Finds the ends of job runs on one server, for all that wait for them in this process. */
export interface Poller {
  add(wait: Wait): void
  remove(id: string): void
  /** The end of a run that nobody could be told yet: for a wait that comes back after its lease. Of active runs nothing is kept. */
  lastSeen(jobRunId: string): WireJobRun | undefined
  /** Waits that are open. */
  size(): number
  /** Since when (as of `Date.now()`) and why nothing is found out; null when all is well. */
  trouble(): { sinceMs: number; message: string } | null
  /** No more looks, and no more deliveries; the waits that are still open, for their owner to hand over. */
  stop(): Promise<Wait[]>
}
