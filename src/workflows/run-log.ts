import { log } from '@temporalio/workflow'
import { type PlanStep, pipelineStatus, stepState } from '../pipeline/plan/index.ts'
import type { Execution } from './execution.ts'

/** What an operator reads on a worker's log. Nothing of it is in the history, and a replay says nothing again. */

export function logRunStarted({ data, plan, input }: Execution): void {
  // A later execution of the run goes on with it.
  if (!input.state) log.info('pipeline run started', { pipeline_run_id: data.id, pipeline: plan.name })
}

export function logRunEnded({ data, plan, state, finishedAtMs }: Execution): void {
  log.info('pipeline run ended', {
    pipeline_run_id: data.id,
    pipeline: plan.name,
    status: pipelineStatus(plan, state),
    duration_ms: (finishedAtMs ?? Date.now()) - state.startedAtMs,
  })
}

function fieldsOf({ data, plan }: Execution, { id, target }: PlanStep): Record<string, unknown> {
  return {
    pipeline_run_id: data.id,
    pipeline: plan.name,
    step: id,
    ...(target.kind === 'job_type' ? { job_type: target.jobType } : {}),
  }
}

export function logStepStarted(execution: Execution, step: PlanStep): void {
  log.info('step started', fieldsOf(execution, step))
}

export function logStepEnded(execution: Execution, step: PlanStep): void {
  const { status, error, items = [] } = stepState(execution.state, step.id)
  const started = items.flatMap(({ startedAtMs }) => startedAtMs ?? [])
  const first = started.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY)
  const [only] = items
  log.info('step ended', {
    ...fieldsOf(execution, step),
    status,
    ...(step.forEach ? { items: items.length } : { job_run_id: only?.jobRunId ?? undefined }),
    ...(started.length > 0 ? { duration_ms: Date.now() - first } : {}),
    ...(error ? { code: error.code } : {}),
  })
}
