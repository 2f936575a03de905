import type { Json } from '../../base/json.ts'
import { isNested } from './nested.ts'
import { openStatus, pipelineStatus, whyItemSkipped } from './scheduling.ts'
import { type ItemState, type PipelineRunState, type StepState, stepState } from './state.ts'
import { isDone } from './transitions.ts'
import type { EarlierGeneration, PipelinePlan, PipelineRunView, PlanStep, StepRunView } from './types.ts'

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** Of a generation: only where there is one to tell of. */
function times({ status, generationStartedAtMs, notBeforeMs }: ItemState) {
  return {
    ...(generationStartedAtMs === null || isDone(status)
      ? {}
      : { generation_started_at: new Date(generationStartedAtMs).toISOString() }),
    ...(notBeforeMs === null || status !== 'waiting'
      ? {}
      : { next_try_at: new Date(notBeforeMs).toISOString() }),
  }
}

function cancelView(isCancelling: boolean, sinceMs: number | undefined): { cancel_requested_at?: string } {
  return isCancelling && sinceMs !== undefined ? { cancel_requested_at: new Date(sinceMs).toISOString() } : {}
}

/** Where a trigger takes more than its request. */
function triggerView({ status, trigger }: ItemState): Pick<StepRunView, 'unknown_trigger' | 'trouble'> {
  if (!trigger?.job || isDone(status)) return {}
  if (status !== 'trigger_unknown') {
    const isLooking = trigger.phase === 'settle' || trigger.phase === 'parked'
    const trouble = isLooking
      ? `the answer to its trigger was lost: looking for a run of job ${trigger.job.jobId}`
      : trigger.problem
    return trouble === null ? {} : { trouble }
  }
  const candidates = trigger.candidates.map((run) => ({
    job_run_id: run.jobRunId,
    status: run.status,
    created_at: run.createdAt,
    created_by: run.createdBy,
  }))
  const sent = new Date(trigger.sentByMs).toISOString()
  return { unknown_trigger: { job_id: trigger.job.jobId, sent_by: sent, candidates } }
}

type RemoteIds = Pick<StepRunView, 'job_id' | 'job_run_id' | 'pipeline_run_id'>

function remoteView(step: PlanStep, { jobId, jobRunId }: ItemState): RemoteIds {
  return isNested(step)
    ? { job_id: null, job_run_id: null, pipeline_run_id: jobRunId }
    : { job_id: jobId, job_run_id: jobRunId }
}

function earlierView(step: PlanStep, earlier: EarlierGeneration): EarlierGeneration {
  if (!isNested(step)) return earlier
  const { generation, job_run_id, error } = earlier
  return { generation, job_run_id: null, pipeline_run_id: job_run_id, error }
}

/** The person is asked by the nested pipeline run. */
function heldView(step: PlanStep, { status, jobRunId }: ItemState): Pick<StepRunView, 'trouble'> {
  if (!isNested(step) || status !== 'held') return {}
  return { trouble: `its pipeline run ${jobRunId} is held: a step of that one needs a person` }
}

function itemView(state: PipelineRunState, step: PlanStep, item: ItemState, index: number): StepRunView {
  return {
    step: step.id,
    ...(step.forEach ? { item: index } : {}),
    generation: item.generation,
    status: item.status,
    ...remoteView(step, item),
    started_at: iso(item.startedAtMs),
    finished_at: iso(item.finishedAtMs),
    ...times(item),
    error: item.error,
    ...triggerView(item),
    ...heldView(step, item),
    ...(item.decided ? { decided: item.decided } : {}),
    ...cancelView(item.status === 'cancelling', item.cancelRequestedAtMs),
    ...(item.status === 'skipped' ? { skipped_because: whyItemSkipped(state) } : {}),
    ...(item.earlier ? { earlier: item.earlier.map((one) => earlierView(step, one)) } : {}),
  }
}

function bareView(state: PipelineRunState, step: PlanStep, own: StepState): StepRunView {
  const waitsFor = step.needs.filter((need) => !isDone(stepState(state, need).status))
  return {
    step: step.id,
    generation: 0,
    status: own.status,
    job_id: null,
    job_run_id: null,
    ...(isNested(step) ? { pipeline_run_id: null } : {}),
    started_at: null,
    finished_at: null,
    error: own.error,
    ...(own.status === 'waiting' ? { waits_for: waitsFor } : {}),
    ...(own.status === 'skipped' && own.skippedBecause ? { skipped_because: own.skippedBecause } : {}),
  }
}

/**
 * The public picture of a pipeline run. An ordinary step is one line; a `for_each` one line per item.
 * `outputs` are the pipeline's, known once it is over.
 */
export function viewPipelineRun(
  plan: PipelinePlan,
  state: PipelineRunState,
  execution: { id: string; finishedAtMs: number | null; outputs: Record<string, Json> },
): PipelineRunView {
  return {
    id: execution.id,
    pipeline: plan.name,
    // Its steps may be over a moment before its outputs are known.
    status: execution.finishedAtMs === null ? openStatus(state) : pipelineStatus(plan, state),
    started_at: new Date(state.startedAtMs).toISOString(),
    finished_at: iso(execution.finishedAtMs),
    outputs: execution.outputs,
    warnings: state.warnings,
    connection: { name: plan.connection, mode: state.connection?.mode ?? null },
    ...cancelView(execution.finishedAtMs === null && state.cancelRequested, state.cancelRequestedAtMs),
    steps: plan.steps.flatMap((step) => {
      const own = stepState(state, step.id)
      const items = own.items ?? []
      return items.length > 0
        ? items.map((item, index) => itemView(state, step, item, index))
        : [bareView(state, step, own)]
    }),
  }
}
