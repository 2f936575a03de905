import { defineQuery } from '@temporalio/workflow'
import type { Json, PipelinePlan, PipelineRunView, RunState } from '../pipeline/plan/index.ts'

/** The argument of `runPipeline`. Everything that decides anything is in it: no file, no environment. */
export interface RunPipelineInput {
  plan: PipelinePlan
  inputs: Record<string, Json>
  timing: PipelineTiming
  /** Carried across continue-as-new; absent at the start. */
  state?: RunState
}

export interface PipelineTiming {
  /** How long one attempt of a wait may stay open before it looks again. */
  waitLeaseMs: number
  /** A worker that triggers a run and is not heard of for this long counts as lost. */
  stepHeartbeatMs: number
  /** Goes on as a new workflow execution at this many events even if the server does not suggest it yet. */
  maxHistoryEvents?: number
}

/** The argument of `watchChanges`. */
export interface WatchChangesInput {
  connection: string
  cursor: string
  heartbeatMs: number
}

/** Rich progress; needs a worker to answer. */
export const progressQuery = defineQuery<PipelineRunView>('progress')

/** What can be read of a run without a worker. */
export interface PipelineMemo {
  pipeline: string
  status?: 'cancelling'
  /** Of the run, where this execution of it is not the first. */
  startedAtMs?: number
}
