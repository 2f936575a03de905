import type { JobsClient, WireJobRun } from '../client/index.ts'

export interface Wait {
  /** Of whoever waits; adding it again replaces it. */
  id: string
  jobRunId: string
  /** As the server wrote it; '' when unknown. Only ever given back to the server, never compared with our clock. */
  createdAt: string
}

/** `gone`: the server knows no such run, and has had time to. */
export type WaitEnd = { kind: 'ended'; run: WireJobRun } | { kind: 'gone'; code: string; message: string }

export type PollWarning =
  | { kind: 'outage'; message: string }
  | { kind: 'outage_over'; lastedMs: number }
  /** It is not terminal to anybody who knows the reference; said once, after a while. */
  | { kind: 'unknown_status'; jobRunId: string; status: string }
  /** Lists are of little use: short, or of something else. */
  | { kind: 'short_lists' }

export interface PollerOptions {
  api: Pick<JobsClient, 'listJobRuns' | 'getJobRun'>
  /** All that is spent on looking. */
  requestsPerSecond: number
  /** How long what was just made may be missing from lists and answer 404. */
  listingMs: number
  /** `not_now`: whoever waits cannot be told at present; tried again for some seconds, then left to their lease. */
  deliver(id: string, end: WaitEnd): Promise<'delivered' | 'not_now'>
  onWarning(warning: PollWarning): void
  clock?: Clock
}

export interface Clock {
  /** Milliseconds that only ever grow. */
  now(): number
  /** Ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 to 1, for jitter. */
  random(): number
}

/** Finds the ends of the job runs of one connection. */
export interface Poller {
  add(wait: Wait): void
  remove(id: string): void
  /** An end that was found and could not be told yet: for a wait that comes back. */
  lastSeen(jobRunId: string): WireJobRun | undefined
  /** Of waits whose end is not known. */
  size(): number
  /** Why nothing is found out at present; null when all is well. */
  trouble(): { sinceMs: number; message: string } | null
  /** No more looks, and nothing is told any more; the waits that are still open, for their owner to hand over. */
  stop(): Promise<Wait[]>
}
