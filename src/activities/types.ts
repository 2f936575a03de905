import type { JsonObject } from '../base/json.ts'
import type { JobsClient } from '../client/index.ts'
import type { JobRunRecord } from '../pipeline/plan/index.ts'

/** What the workflow says of a step run; with the workflow's own identity it makes the keys. */
export interface StepIdentity {
  /** Survives continue-as-new and reset, unlike the run id. */
  firstExecutionRunId: string
  step: string
  item: number | null
  generation: number
}

export interface TriggerJobRunInput extends StepIdentity {
  connection: string
  pipeline: string
  target: { jobType: string } | { jobId: string }
  config: JsonObject | null
  /** The server takes names of jobs. */
  jobNames?: boolean
}

/** `running`: triggered, and not over at the first look. */
export type TriggerJobRunResult =
  | { phase: 'terminal'; record: JobRunRecord }
  | { phase: 'running'; jobId: string; jobRunId: string; status: string }

export interface ProfileConnectionInput {
  connection: string
  /** The pipeline run's, where it is known. */
  workspace?: string
}

export interface AwaitJobRunInput {
  connection: string
  jobRunId: string
}

export interface CancelJobRunInput extends StepIdentity {
  connection: string
}

/** `record` is null when nothing was ever started, and now never will be. */
export interface CancelJobRunResult {
  record: JobRunRecord | null
}

export interface ReadOutputsInput {
  connection: string
  outputs: { jobRunId: string; name: string }[]
}

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

/** Temporal, as the activities need it. */
export interface Waits {
  /** `not_now`: nothing waits under that reference at present; the lease covers it. Throws when Temporal is away. */
  complete(ref: WaitRef, record: JobRunRecord): Promise<'completed' | 'not_now'>
  /** Ends the present attempt of a wait, so that the next one looks at once. */
  lookAgain(ref: WaitRef, reason: unknown): Promise<'completed' | 'not_now'>
  /** What a pipeline run has under way in Temporal; undefined once it is over. Throws when Temporal is away. */
  pendingOf(workflowId: string): Promise<PendingWork | undefined>
  /** Starts the watcher of a connection unless it runs; a new one begins where `readCursor` says the feed stands. */
  ensureWatcher(connection: string, readCursor: () => Promise<string>): Promise<void>
}

/** By the ids of activities. */
export interface PendingWork {
  /** Handed to a worker. */
  started: ReadonlySet<string>
  /** Still to be handed to one. */
  scheduled: ReadonlySet<string>
  /** The workflow has not yet said what follows from what it was told. */
  isDeciding: boolean
}

export interface ActivityDependencies {
  namespace: string
  connection(name: string): JobsClient | undefined
  waits: Waits
  /** How often a working activity shows that it lives, at least. */
  heartbeatIntervalMs: number
}

/** The argument of the workflow `watchChanges`, which is started for the first wait of a connection. */
export interface WatchChangesInput {
  connection: string
  cursor: string
  heartbeatMs: number
}
