import type { SweepFinding, SweepMemory, SweepMode } from '../../contract/sweep.ts'
import type { ConnectionMode, UnbegunRuns } from '../../pipeline/plan/index.ts'
import type { OwnJob } from '../../protocol/index.ts'
import type { NestedRunIdentity } from '../nested/types.ts'
import type { StepIdentity } from '../types.ts'

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
