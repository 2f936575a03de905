import { type CancellationScope, condition, workflowInfo } from '@temporalio/workflow'
import type { Json } from '../base/json.ts'
import { createRunState, type PipelinePlan, type RunState } from '../pipeline/plan/index.ts'
import type { PipelineTiming, RunPipelineInput } from './messages.ts'
import { createPace, type Pace } from './pace.ts'
import { createSlots, type Slots } from './slots.ts'

/** Remote runs open at once; beyond it the server suffers more than the pipeline gains. */
const maxOpenRuns = 500

/** One execution of `runPipeline`: the state that is carried on, and what lives only as long as this execution. */
export interface Run {
  readonly id: string
  readonly plan: PipelinePlan
  readonly inputs: Record<string, Json>
  readonly connection: string
  readonly timing: PipelineTiming
  readonly state: RunState
  readonly scope: CancellationScope
  readonly slots: Slots
  readonly pace: Pace
  /** True once a run was triggered or ended in this execution: without that, going on as new would lead nowhere. */
  hasProgressed: boolean
  /** Of outputs that this execution fetched for expressions; the next one would fetch them again. */
  fetchedBytes: number
  /** What each CEL source reads, once found out. */
  readonly readsOfSources: Map<string, { step: string; name: string; passed: boolean }[]>
  /** Outputs on their way, by run and name. */
  readonly fetching: Map<string, Promise<void>>
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
    slots: createSlots(maxOpenRuns, condition),
    pace: createPace(),
    hasProgressed: false,
    fetchedBytes: 0,
    readsOfSources: new Map(),
    fetching: new Map(),
    outputs: {},
    finishedAtMs: null,
  }
}
