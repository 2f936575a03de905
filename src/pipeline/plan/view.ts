import type { Json } from '../../base/json.ts'
import { isNested } from './nested.ts'
import type { PlaceState } from './place.ts'
import { openStatus, pipelineStatus, whyItemSkipped } from './scheduling.ts'
import { type ItemState, type PipelineRunState, type StepState, stepState } from './state.ts'
import { isDone } from './transitions.ts'
import type {
  EarlierGeneration,
  PipelinePlan,
  PipelineRunView,
  PlanStep,
  QueueView,
  StepRunView,
} from './types.ts'

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

/** What it waits for, while it does: who is before it only the limit's keeper knows. */
function queueView(place: PlaceState | undefined): { queue?: QueueView } {
  if (place?.status !== 'waiting') return {}
  const { key, limit, priority, sinceMs, limitId } = place
  const since = new Date(sinceMs).toISOString()
  return { queue: { key, limit, priority, since, ...(limitId === undefined ? {} : { kept_by: limitId }) } }
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

/** The line of an item, or of a step without `for_each` that has begun. */
export function viewItem(
  state: PipelineRunState,
  step: PlanStep,
  item: ItemState,
  index: number,
): StepRunView {
  return {
    step: step.id,
    ...(step.forEach ? { item: index } : {}),
    seq: item.seq ?? 0,
    generation: item.generation,
    status: item.status,
    ...remoteView(step, item),
    started_at: iso(item.startedAtMs),
    finished_at: iso(item.finishedAtMs),
    ...times(item),
    error: item.error,
    ...triggerView(item),
    ...heldView(step, item),
    ...(isDone(item.status) ? {} : queueView(item.place)),
    ...(item.decided ? { decided: item.decided } : {}),
    ...cancelView(item.status === 'cancelling', item.cancelRequestedAtMs),
    ...(item.status === 'skipped' ? { skipped_because: item.skippedBecause ?? whyItemSkipped(state) } : {}),
    ...(item.earlier ? { earlier: item.earlier.map((one) => earlierView(step, one)) } : {}),
  }
}

/** The line of a step without items. */
export function viewStep(state: PipelineRunState, step: PlanStep, own: StepState): StepRunView {
  const waitsFor = step.needs.filter((need) => !isDone(stepState(state, need).status))
  return {
    step: step.id,
    seq: own.seq ?? 0,
    generation: 0,
    status: own.status,
    job_id: null,
    job_run_id: null,
    ...(isNested(step) ? { pipeline_run_id: null } : {}),
    started_at: null,
    finished_at: null,
    error: own.error,
    ...(own.status === 'waiting' ? { waits_for: waitsFor } : {}),
    ...(own.status === 'waiting' && step.start === 'any' ? { starts_with: step.start } : {}),
    ...(own.status === 'skipped' && own.skippedBecause ? { skipped_because: own.skippedBecause } : {}),
  }
}

/** How a run ended; of an open one, what is known so far. */
export interface RunEnd {
  finishedAtMs: number | null
  outputs: Record<string, Json>
}

const open: RunEnd = { finishedAtMs: null, outputs: {} }

/** What is seen of a run apart from its steps. */
export function viewRun(
  plan: PipelinePlan,
  state: PipelineRunState,
  { finishedAtMs, outputs }: RunEnd = open,
): Omit<PipelineRunView, 'id' | 'seq' | 'steps'> {
  return {
    pipeline: plan.name,
    // Its steps may be over a moment before its outputs are known.
    status: finishedAtMs === null ? openStatus(state) : pipelineStatus(plan, state),
    started_at: new Date(state.startedAtMs).toISOString(),
    finished_at: iso(finishedAtMs),
    outputs,
    warnings: [...state.warnings],
    ...(finishedAtMs === null ? queueView(state.place) : {}),
    connection: { name: plan.connection, mode: state.connection?.mode ?? null },
    ...cancelView(finishedAtMs === null && state.cancelRequested, state.cancelRequestedAtMs),
    ...(state.notices ? { notices: [...state.notices] } : {}),
  }
}

/**
 * The public picture of a pipeline run. An ordinary step is one line; a `for_each` one line per item.
 * `outputs` are the pipeline's, known once it is over.
 */
export function viewPipelineRun(
  plan: PipelinePlan,
  state: PipelineRunState,
  execution: RunEnd & { id: string },
): PipelineRunView {
  const { finishedAtMs, outputs } = execution
  return {
    id: execution.id,
    // Outputs and the end come when no line changes any more, and are not in the state.
    seq: (state.seq ?? 0) + Object.keys(outputs).length + (finishedAtMs === null ? 0 : 1),
    ...viewRun(plan, state, execution),
    steps: plan.steps.flatMap((step) => {
      const own = stepState(state, step.id)
      const items = own.items ?? []
      return items.length > 0
        ? items.map((item, index) => viewItem(state, step, item, index))
        : [viewStep(state, step, own)]
    }),
  }
}
