import type { Json } from '../../base/json.ts'
import type { JobRunRecord, PipelinePlan } from '../../pipeline/plan/index.ts'
import type { ScheduledRun } from '../../schedule/plan/index.ts'

/** Which step of which pipeline run a nested one is: with it a run is told from another one that has its id. */
export interface ParentStep {
  /** The workflow id of the parent. */
  id: string
  /** Survives continue-as-new and reset, unlike the run id. */
  firstExecutionRunId: string
  step: string
  /** null outside `for_each`. */
  item: number | null
  generation: number
}

/** A nested pipeline run, by its own id and by whose it is. */
export interface NestedRunIdentity {
  id: string
  parent: ParentStep
}

export interface StartNestedRunInput extends NestedRunIdentity {
  /** Resolved: every declared one that has a value. The plan is that of the parent's step. */
  inputs: Record<string, Json>
  /** Keys of which the runs around it have places. */
  heldKeys?: string[]
}

/** `running`: it exists, and was not over. */
export type StartNestedRunResult =
  | { phase: 'terminal'; record: JobRunRecord }
  | { phase: 'running'; jobId: string; jobRunId: string; status: string }

export interface AwaitNestedRunInput extends NestedRunIdentity {
  /** It said that it is about to end. */
  isEnding: boolean
}

/** `barred`: it was not started, and now never will be. */
export interface CancelNestedRunResult {
  phase: 'terminal' | 'cancelling' | 'barred'
  record: JobRunRecord | null
}

export interface ReadNestedOutputsInput {
  outputs: { runId: string; name: string }[]
}

/** What a nested run shares with its parent, as the parent was started with it. */
export interface ParentArgument {
  plan: PipelinePlan
  workspace?: string
  timing: object
  /** The tick that it is of. */
  schedule?: ScheduledRun
}

/** Pipeline runs in Temporal, as the activities about nested ones need them. */
export interface NestedRuns {
  /** What an execution of the parent was started with. */
  argumentOf(parent: { workflowId: string; runId: string }): Promise<ParentArgument>
  /**
   * Starts it, unless it exists. @throws JobwrightError `run_id_taken` when the id belongs to another pipeline run
   * @param start null: it is barred, and ends before it does anything
   */
  start(
    run: NestedRunIdentity,
    start: {
      plan: PipelinePlan
      inputs: Record<string, Json>
      parent: ParentArgument
      heldKeys?: string[]
    } | null,
  ): Promise<'started' | 'exists'>
  /** How it ended; undefined while it is open. @throws JobwrightError `run_id_taken`, `unknown_pipeline_run` */
  look(run: NestedRunIdentity): Promise<JobRunRecord | undefined>
  /** The same, once it is over or so many milliseconds have passed. */
  awaitEnd(run: NestedRunIdentity, waitMs: number, signal: AbortSignal): Promise<JobRunRecord | undefined>
  cancel(id: string): Promise<void>
  /** Of one that is over. */
  outputsOf(id: string): Promise<Record<string, Json>>
}
