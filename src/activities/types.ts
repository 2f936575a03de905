import type { JsonObject } from '../base/json.ts'
import type { CallOptions, JobsClient } from '../client/index.ts'
import type { SweepFinding, SweepMemory, SweepMode } from '../contract/sweep.ts'
import type { ConnectionMode, JobRunRecord, StepError, UnbegunRuns } from '../pipeline/plan/index.ts'
import type { Poller } from '../polling/index.ts'
import type { OwnJob, SeenRun, TriggerEvent } from '../protocol/index.ts'
import type { TickRuns } from './backfill/types.ts'
import type { Limits } from './limits/types.ts'
import type { NestedRunIdentity, NestedRuns } from './nested/types.ts'
import type { Schedules } from './schedules/types.ts'

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
  /** What the job is named after, where that is not `step`. */
  name?: string
  /** The server takes job and run in one call. */
  oneCall?: boolean
  /** The workflow is told of the end by a signal, and keeps this much of the run; absent: it waits by an activity, and keeps all. */
  kept?: Kept
  /** What is left of the step's time. */
  leftMs?: number
}

/** What of a job run a plan uses. */
export interface Kept {
  /** Names of outputs; all where it is absent. */
  outputs?: readonly string[]
  /** The job run as the server shows it. */
  whole: boolean
}

/** `running`: triggered, and not over at the first look. Where the workflow is told by a signal, that is seen to. */
export type TriggerJobRunResult =
  | { phase: 'terminal'; record: JobRunRecord }
  | { phase: 'running'; jobId: string; jobRunId: string; status: string }

export type TriggerQuicklyInput = TriggerJobRunInput & { kept: Kept }

/** `unsure`: it may or may not have been triggered, and `triggerJobRun` makes sure. `isLate`: the server was away, or slow. */
export type TriggerQuicklyResult = (TriggerJobRunResult | { phase: 'unsure'; isLate: boolean }) & {
  /** How long it held its workflow task up. */
  tookMs?: number
  /** `STEP/ITEM/GENERATION`: whose trigger it was. */
  of?: string
}

/** A run that is open as far as its workflow knows. */
export interface OpenRun extends Omit<StepIdentity, 'firstExecutionRunId'> {
  jobRunId: string
  kept: Kept
}

export interface LookAtJobRunsInput {
  connection: string
  runs: OpenRun[]
}

/** Of the runs that are not open any more: their ends, or why they cannot be waited for. */
export type LookAtJobRunsResult = { jobRunId: string; end: JobRunRecord | { refused: StepError } }[]

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

export interface CreateJobInput {
  connection: string
  target: { jobType: string } | { jobId: string }
  config: JsonObject | null
  /** The config is made with the id of the pipeline run. */
  isMarked: boolean
}

export interface PostJobRunInput {
  connection: string
  job: OwnJob
  /** Sent with it: only for a job that is not made for this run. */
  config: JsonObject | null
  /** From the attempt's start, the request may leave for so long. */
  sendingMs: number
  /** Of the first POST: the execution whose history this one has. After a reset it is another one. */
  begunIn?: string
}

/** What became of a POST, in the words of the protocol. */
export type PostAnswer = Extract<
  TriggerEvent,
  { kind: 'posted' | 'not_sent' | 'refused' | 'unknown' | 'listed' }
>

export interface PostJobRunResult {
  event: PostAnswer
  /** How long an attempt of the wait for this run may stay open; it follows the load of this worker. */
  leaseMs: number
}

export interface FindJobRunsInput {
  connection: string
  job: OwnJob
  /** What was sent with the POST, if anything. */
  config: JsonObject | null
  /** Looked for at least so long before an empty list is an answer; null: for ever. */
  forMs: number | null
  /** Runs that would be no news. */
  known?: string[]
}

/** All runs of a job, in every status. */
export interface JobRunListing {
  runs: SeenRun[]
  /** False where the list shows less than it says there is. */
  isComplete: boolean
  /** It was asked for when the time was up. */
  isSettled: boolean
}

export interface PollJobRunInput {
  connection: string
  jobRunId: string
  /** As the server wrote it; '' when unknown. */
  createdAt: string
  /** Names of what must not be recorded. */
  secrets: string[]
}

export interface SendCancelInput {
  connection: string
  jobRunId: string
  secrets: string[]
}

/** `record` once the run is over; gone: the server knows no such run any more. */
export interface SendCancelResult {
  record: JobRunRecord | null
  isGone: boolean
}

export interface DeleteJobInput {
  connection: string
  jobId: string
}

export interface ConfirmJobRunInput {
  connection: string
  job: OwnJob
  jobRunId: string
}

export interface ReadOutputsInput {
  connection: string
  outputs: { jobRunId: string; name: string }[]
  /** Names of what must not be recorded: where a server was sent the values of secrets, it may show them. */
  secrets?: string[]
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

/** A Jobs API that pipelines run on, and what its operator says of it. */
export interface Connection {
  api: JobsClient
  /** D and L of a server without idempotency keys, in milliseconds. */
  bounds?: { deliveryMs: number; listingMs: number }
  /** All that waiting on it may cost one worker. */
  requestsPerSecond: number
  deleteJobs: 'never' | 'after_completion'
}

/** Keeps the values of secrets out of what is recorded. */
export interface SecretKeeper {
  /** The config with the references in it replaced. @throws JobwrightError for one that cannot be */
  resolve(api: JobsClient, config: JsonObject): Promise<JsonObject>
  /** From then on these are masked too. One that cannot be read has not been sent either. */
  learn(names: readonly string[]): Promise<void>
  mask(text: string): string
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

/** What a pipeline run may have active on a Jobs API; the answer to the query `remains`. A user's workflow gives one for each connection. */
export interface PipelineRemains {
  connection: string
  workspace?: string
  firstExecutionRunId: string
  /** null: nothing was ever triggered. */
  mode: ConnectionMode | null
  runs: RemainingRun[]
  /** Those that may have been begun where the last workflow task was lost: local activities of one are in no history. */
  unbegun?: UnbegunRuns[]
  /** Pipeline runs that it began, and that were not over. */
  nested?: NestedRunIdentity[]
}

/** A generation that had not ended. */
export interface RemainingRun extends Pick<StepIdentity, 'step' | 'item' | 'generation'> {
  jobRunId: string | null
  /** What its key is made with in place of the first execution's run id. */
  scope?: string
  /** On a server without idempotency keys. */
  trigger?: { job: OwnJob; extras: string[]; doubtUntilMs: number | null }
}

/** Argument of the activity `sweep`. */
export interface SweepInput {
  mode: SweepMode
  /** Of the last sweep, whatever it found. */
  last?: { next: SweepMemory; findings: SweepFinding[]; mode: SweepMode }
}

/** A pipeline run that was closed from outside. */
export interface ClosedRun {
  workflowId: string
  runId: string
  closedAtMs: number
}

/** Pipeline runs of this installation, as a sweep needs them. */
export interface ClosedRuns {
  /** Those that did not end by themselves, newest first. */
  since(instantMs: number): AsyncIterable<ClosedRun>
  /** undefined of one that has nothing to be looked for: it ended by itself after all, or a later execution goes on. @throws when it cannot be told */
  remainsOf(run: ClosedRun): Promise<PipelineRemains | undefined>
  /** Begins to tell whom its pipeline names that it failed, unless it ended by itself, and told them. */
  tellFailed(run: ClosedRun): Promise<void>
}

/** How long runs take, as this worker saw it. */
export interface Looks {
  /** How long the first look at a run of this kind is worth waiting for; 0: not at all. */
  lookMs(connection: string, kind: string): number
  /** @param ms how long one took; undefined: longer than its first look */
  note(connection: string, kind: string, ms: number | undefined): void
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

export interface ActivityDependencies {
  namespace: string
  connection(name: string): Connection | undefined
  waits: Waits
  pollers: Pollers
  /** How long the first look at a run may wait. */
  looks: Looks
  presence: Pick<Presence, 'identity' | 'isPredecessor'>
  /**
   * Has what a worker had when it was lost taken up by others.
   * @param isCertain somebody saw it end; otherwise it was silent, also when it was asked
   */
  recoverWaits(identity: string, isCertain: boolean): Promise<void>
  closedRuns: ClosedRuns
  nestedRuns: NestedRuns
  /** Runs of a schedule's ticks, as backfills start them. */
  tickRuns: TickRuns
  schedules: Schedules
  limits: Limits
  /** What this installation does about what closed pipeline runs left active. */
  sweep: SweepMode | 'off'
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
  /** One for each use: what it masks are the secrets of one run. */
  secretKeeper(): SecretKeeper
  /** How often a working activity shows that it lives, at least. */
  heartbeatIntervalMs: number
}

/** The argument of the workflow `watchChanges`, which is started for the first wait of a connection. */
export interface WatchChangesInput {
  connection: string
  /** The activity that it keeps; `watchFeed` where an earlier version started it. */
  activity?: 'watchWaits'
  cursor: string
  heartbeatMs: number
}

/** What an activity of a connection works with. */
export type ConnectedDependencies = ActivityDependencies & { connected: Connection }
