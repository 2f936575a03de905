import type { CallOptions } from '../client/index.ts'
import type { JobRunRecord } from '../pipeline/plan/index.ts'
import type { Poller } from '../polling/index.ts'
import type { SecretKeeper } from './types.ts'

export interface WatchFeedInput {
  connection: string
  /** Where the feed stood when the watcher was first asked for. */
  cursor: string
}

/** A wait of some workflow, as the feed carries it in `client_ref`. */
export interface WaitRef {
  namespace: string
  /** Without its run id, which changes on continue-as-new; the workflow compares the job run instead. */
  workflowId: string
  activityId: string
}

/** Where the feed of a connection stands. */
export type ReadCursor = (options?: CallOptions) => Promise<string>

export interface Waits {
  /** `not_now`: nothing waits under that reference at present; the lease covers it. Throws when Temporal is away. */
  complete(ref: WaitRef, record: JobRunRecord): Promise<'completed' | 'not_now'>
  /** Ends the present attempt of a wait, so that the next one looks at once. */
  lookAgain(ref: WaitRef, reason: unknown): Promise<'completed' | 'not_now'>
  /** Tells a workflow of the ends of its runs; done, too, where there is none any more. Throws when Temporal is away. */
  tell(workflowId: string, ended: readonly JobRunRecord[]): Promise<void>
  /** Whatever worker has the workflow in its memory, the next one that is free goes on with it. Never throws. */
  letGo(workflowId: string): Promise<void>
  /**
   * Starts the watcher of a connection unless it runs; a new one begins where `readCursor` says the feed stands. That is asked as long as
   * the process lives, so `first`, the signal and the time of whoever asks, is for the first time only.
   */
  ensureWatcher(connection: string, readCursor: ReadCursor, first?: CallOptions): Promise<void>
}

/** A wait of a workflow for the end of a job run, kept by this worker. */
export interface KeptWait {
  ref: WaitRef
  jobRunId: string
  /** As the server wrote it; '' when unknown. */
  createdAt: string
  secrets: SecretKeeper
}

/** Of this worker process: while it shows that it lives, its waits are its own; afterwards others take them up. */
export interface Presence {
  readonly identity: string
  /** Whether a presence is that of an earlier process of the same name. */
  isPredecessor(activityId: string): boolean
  /** Begun with the first call. Never fails: without it, leases bring waits back. */
  begin(): Promise<void>
  /** Begun where it is not, and let go a while after the last of all such work. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Nothing waits here any more. */
  end(): Promise<void>
}

/** Argument of the activity `holdPresence`. */
export interface HoldPresenceInput {
  identity: string
}

/** What this worker looks for on servers without a change feed. */
export interface Pollers {
  of(connection: string): Pick<Poller, 'lastSeen'>
  /** From now on the run is looked at, and whoever waits told of its end. */
  register(connection: string, wait: KeptWait): Promise<void>
  /** How long an attempt of a wait may stay open; it follows the load. */
  leaseMs(connection: string): number
  /** Ends all looking, and has all that waits here taken up by other workers at once. */
  handOver(): Promise<void>
}

/** The argument of the workflow `watchChanges`, which is started for the first wait of a connection. */
export interface WatchChangesInput {
  connection: string
  /** The activity that it keeps; `watchFeed` where an earlier version started it. */
  activity?: 'watchWaits'
  cursor: string
  heartbeatMs: number
}
