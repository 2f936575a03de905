import type { Kept, TriggerQuicklyResult } from '../activities/index.ts'
import type { Json } from '../base/json.ts'
import type { JobRunRecord, OthersOnJob, StepError } from '../pipeline/plan/index.ts'
import type { SeenRun, TriggerState } from '../protocol/index.ts'

/** How patient the activities of a remote run are. */
export interface RemoteRunTiming {
  /** How long one attempt of a wait may stay open before it looks again. */
  waitLeaseMs: number
  /** A worker that triggers a run and is not heard of for this long counts as lost. */
  stepHeartbeatMs: number
  /**
   * On a server without idempotency keys and without bounds: how long a trigger whose answer was lost is looked for before a
   * person is asked; a minute where it is absent.
   */
  settleMs?: number
}

/** One generation of a step or item, and what its job run is made of. */
export interface RemoteRunRequest {
  connection: string
  pipeline: string
  timing: RemoteRunTiming
  step: string
  /** 0-based; null outside `for_each`. */
  item: number | null
  generation: number
  target: { jobType: string } | { jobId: string }
  config: { [key: string]: Json } | null
  /** Names of those in the step's config, evaluated or not: what the server shows of it may hold their values. */
  secrets: string[]
  /** The config is made with this pipeline run's id, so that nobody else sends the same. */
  isMarked: boolean
  surroundings: Surroundings
  /** What tells runs of this workflow from those of others that have its id; the first execution's run id where it is absent. */
  scope?: string
  /** What jobs are named after, where that is not `step`. */
  name?: string
  /** Of a pipeline run that triggers by local activities, where the connection is fenced. */
  quick?: QuickSurroundings
  /** Before the names of activities, on workers that are not ours. */
  activityPrefix?: string
}

/** What a person may say of a trigger whose outcome is not known. */
export type TriggerDecision =
  | { kind: 'adopt'; run: SeenRun }
  | { kind: 'trigger_again' }
  | { kind: 'give_up' }

/** What a run on a server without idempotency keys needs of the workflow around it. */
export interface Surroundings {
  /** How far the trigger of this generation is; kept across executions. */
  readonly trigger: TriggerState | undefined
  saveTrigger(state: TriggerState): void
  /** What others of this pipeline run have to do with a job that is not one run's alone. */
  othersOn(jobId: string): OthersOnJob
  /** Told once the trigger takes longer than a request. */
  onSettling(): void
  /** A person's word; also tells the world that it is needed. */
  askPerson(state: TriggerState): Promise<TriggerDecision>
  /** Told that it goes on, whoever decided. */
  onUnparked(): void
  pauseUntil(instantMs: number): Promise<void>
  warn(message: string): void
}

/** What a run that is triggered by a local activity, and whose end a signal brings, needs of the workflow around it. */
export interface QuickSurroundings {
  /** What of the job run the plan uses. */
  readonly kept: Kept
  /** The worker took this workflow up from its history: nothing but what a local activity does may hang on it. */
  readonly isTakenUp: boolean
  /** Whether many runs of this workflow are open. */
  isCrowded(): boolean
  /** Runs a local trigger among others, or says that it is not the time for any. */
  runLocally(
    begin: () => Promise<TriggerQuicklyResult | undefined>,
  ): Promise<TriggerQuicklyResult | 'not_at_all' | undefined>
  /** A place for a trigger that is no local activity, and what gives it back. Rejects with a cancellation. */
  enterRegular(): Promise<() => void>
  wait(jobRunId: string, left: TimeLeft): Promise<RunEnd>
  /** What to wait for before anything follows from what an activity said. */
  calm(): Promise<void> | undefined
}

/** How a wait ends; `refused`: the server does not let it be waited for. */
export type RunEnd = JobRunRecord | 'out_of_time' | { refused: StepError }

/** A job run that exists and was not over when it was last looked at. */
export interface OpenJobRun {
  jobId: string
  jobRunId: string
  /** The API's word. */
  status: string
}

export type Triggered =
  | { phase: 'terminal'; record: JobRunRecord }
  | ({ phase: 'running' } & OpenJobRun)
  | { phase: 'out_of_time' }
  | { phase: 'refused'; error: StepError }

/** What is left of a step's time, in milliseconds; undefined: no bound. Asked anew for each activity. */
export interface TimeLeft {
  (): number | undefined
  /** Resolves when nothing is left, where a timer says so and not the clock. */
  readonly over?: Promise<void> | undefined
}

/**
 * One job run on a Jobs API, as a workflow needs it. How each of the three is done safely depends on what the server
 * offers: that is the mode. All of it is safe to call again in a later execution of the workflow.
 */
export interface RemoteRun {
  /** Makes sure that the run exists; its end where it was short, else what to wait for. */
  trigger(left: TimeLeft): Promise<Triggered>
  /** Until the run is over. */
  wait(jobRunId: string, left: TimeLeft): Promise<RunEnd>
  /** Cancels whatever was started, and confirms it, for as long as it takes; null: nothing was, and nothing will be. */
  cancel(): Promise<JobRunRecord | null>
}
