import { type CancellationScope, workflowInfo } from '@temporalio/workflow'
import type { Json } from '../base/json.ts'
import { createReadFinder, type PipelineData, type ReadFinder } from '../pipeline/evaluate/index.ts'
import {
  type ConnectionProfile,
  createPipelineRunState,
  createSchedule,
  type PipelinePlan,
  type PipelineRunState,
  type Schedule,
} from '../pipeline/plan/index.ts'
import { createLine } from './line.ts'
import type { PipelineTiming, RunPipelineInput } from './messages.ts'
import { createPace, type Pace } from './pace.ts'
import { createPlaces, type Places } from './places.ts'

/** Job runs open at once; beyond it the server suffers more than the pipeline gains. */
const maxOpenJobRuns = 500

/** One workflow execution of a pipeline run: the state that is carried on, and what lives only as long as this execution. */
export interface Execution {
  readonly input: RunPipelineInput
  readonly plan: PipelinePlan
  readonly timing: PipelineTiming
  readonly state: PipelineRunState
  readonly schedule: Schedule
  /** What its values are evaluated over. */
  readonly data: PipelineData
  readonly scope: CancellationScope
  readonly places: Places
  readonly pace: Pace
  readonly reads: ReadFinder
  /** The quick question what the connection is, once it was asked. */
  quickProfile?: Promise<ConnectionProfile | undefined>
  /** True once a job run was triggered or ended in this execution: without that, going on as new would lead nowhere. */
  hasProgressed: boolean
  /** Of outputs that this execution fetched for expressions; the next one would fetch them again. */
  fetchedBytes: number
  /** Outputs on their way, by job run and name. */
  readonly fetching: Map<string, Promise<void>>
  outputs: Record<string, Json>
  finishedAtMs: number | null
  /** What no step can answer for, thrown by the workflow itself. */
  fatal?: { error: unknown }
}

export function createExecution(input: RunPipelineInput, scope: CancellationScope): Execution {
  const { plan, inputs, timing } = input
  const { workflowId, startTime } = workflowInfo()
  // Workflow time: the same on every replay.
  const state = input.state ?? createPipelineRunState(plan, startTime.getTime())
  const schedule = createSchedule(plan, state)
  return {
    input,
    plan,
    timing,
    state,
    schedule,
    data: {
      id: workflowId,
      step: schedule.step,
      steps: plan.steps,
      state,
      inputs,
      characters: plan.textPositions === 'characters',
    },
    scope,
    places: createPlaces(maxOpenJobRuns, createLine(scope)),
    pace: createPace(createLine(scope)),
    reads: createReadFinder(),
    hasProgressed: false,
    fetchedBytes: 0,
    fetching: new Map(),
    outputs: {},
    finishedAtMs: null,
  }
}
