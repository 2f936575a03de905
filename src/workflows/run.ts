import { type CancellationScope, workflowInfo } from '@temporalio/workflow'
import { createRunState, type Json, type PipelinePlan, type RunState } from '../pipeline/plan/index.ts'
import type { PipelineTiming, RunPipelineInput } from './messages.ts'

/** One execution of `runPipeline`: the state that is carried on, and what lives only as long as this execution. */
export interface Run {
  readonly id: string
  readonly plan: PipelinePlan
  readonly inputs: Record<string, Json>
  readonly connection: string
  readonly timing: PipelineTiming
  readonly state: RunState
  readonly scope: CancellationScope
  /** Remote runs that this execution has open. */
  inFlight: number
  outputs: Record<string, Json>
  finishedAtMs: number | null
  /** What no step can answer for, thrown by the workflow itself. */
  fatal?: { error: unknown }
}

export function createRun(input: RunPipelineInput, scope: CancellationScope): Run {
  return {
    id: workflowInfo().workflowId,
    plan: input.plan,
    inputs: input.inputs,
    connection: input.plan.connection,
    timing: input.timing,
    // Workflow time: the same on every replay.
    state: input.state ?? createRunState(input.plan, workflowInfo().startTime.getTime()),
    scope,
    inFlight: 0,
    outputs: {},
    finishedAtMs: null,
  }
}
