import type { JsonObject } from '../base/json.ts'
import type { JobsClient } from '../client/index.ts'
import type { JobRunRecord, StepError } from '../pipeline/plan/index.ts'
import type { OwnJob, SeenRun, TriggerEvent } from '../protocol/index.ts'

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
  /** Many runs of this workflow are open: their ends cost little where they are told of together. */
  isCrowded?: boolean
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

export type TriggerQuicklyInput = TriggerJobRunInput & {
  kept: Kept
  /** The worker took the workflow up from its history, which may be that of a closed one that somebody asks. */
  isTakenUp?: boolean
}

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

/** How long runs take, as this worker saw it. */
export interface Looks {
  /** How long the first look at a run of this kind is worth waiting for; 0: not at all. */
  lookMs(connection: string, kind: string, isCrowded?: boolean): number
  /** @param ms how long one took; undefined: longer than its first look */
  note(connection: string, kind: string, ms: number | undefined): void
}
