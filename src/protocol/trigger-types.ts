import type { OwnJob, SeenBefore, SeenRun } from './candidates.ts'

/** What the protocol of `trigger.ts` knows, hears of, and asks for. Plain JSON: it is carried across executions. */

export interface TriggerPolicy {
  mode: 'strict' | 'bounded'
  /** D: from the moment that a request leaves to the commit of what it does. In `strict` only a hint of how long to look. */
  deliveryMs: number
  /** L: how long a list may show yesterday. */
  listingMs: number
  /** How long after a POST was begun it may still leave. */
  sendingMs: number
}

export interface TriggerState {
  phase: 'create' | 'post' | 'posting' | 'settle' | 'parked' | 'adopted' | 'refused' | 'abandoned'
  job: OwnJob | null
  /** POSTs that were sent, or may have been. */
  posts: number
  /** Those of them that may have started a run, or may yet, that nobody has seen. */
  unsettled: number
  /** The last of them has left by then, or never will. */
  sentByMs: number
  /** Not before this is a create or a POST tried again. */
  notBeforeMs: number
  /** Attempts that did not reach the server in a row, for the back-off; and why the last one did not. */
  failures: number
  problem: string | null
  run: SeenRun | null
  /** Further runs of ours: to be cancelled and told of; and those that were. */
  extras: string[]
  cancelledExtras: string[]
  /** What a person may choose from. */
  candidates: SeenRun[]
  refusal: { code: string; message: string } | null
}

export type TriggerEvent =
  | { kind: 'job_ready'; job: OwnJob }
  /** A POST may leave from now on. Noted before it is sent. */
  | { kind: 'posting'; atMs: number }
  | { kind: 'posted'; run: SeenRun }
  /** Proven not to have reached the server, or not to have been processed. */
  | { kind: 'not_sent'; atMs: number; retryAfterMs: number; problem: string }
  /** `isMissing`: as the server does not know the job. */
  | { kind: 'refused'; atMs: number; code: string; message: string; isMissing: boolean }
  /**
   * The outcome of the POST is not known. By `atMs` it had left, or never will: later than now where whoever sent it is lost, and
   * may still be about to.
   * `before`: what was there right before it.
   */
  | { kind: 'unknown'; atMs: number; before: SeenBefore | null }
  /** All runs of the job, in every status, as a list that was asked for at `begunAtMs` showed them. */
  | { kind: 'listed'; begunAtMs: number; runs: readonly SeenRun[]; isComplete: boolean }
  /** A run too many is over. */
  | { kind: 'extra_over'; jobRunId: string }
  /** A person's word on a parked trigger. */
  | { kind: 'adopt'; run: SeenRun }
  | { kind: 'trigger_again' }
  | { kind: 'give_up' }

export type TriggerEffect =
  | { kind: 'create_job' }
  /** Look once, then send one POST if there is no run of ours. */
  | { kind: 'post'; job: OwnJob }
  /** Look until there is a run of ours, or a list that was asked for at `untilMs` or later shows none. */
  | { kind: 'look'; job: OwnJob; untilMs: number }
  | { kind: 'pause'; untilMs: number }
  /** Wait for a person, and go on looking meanwhile. */
  | { kind: 'park'; job: OwnJob }
  | { kind: 'done'; run: SeenRun }
  | { kind: 'refuse'; code: string; message: string }
