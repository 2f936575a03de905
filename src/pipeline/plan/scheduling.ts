import { type ItemState, isDone, type RunState, stepState } from './state.ts'
import type { PipelinePlan, PipelineStatus, PlanStep, StepStatus } from './types.ts'

/** Pure decisions: which steps may start, what a step or a run amounts to. */

export interface NeedsSummary {
  /** Every need is completed, or failed and was told to continue. */
  completed: boolean
  /** Some need failed, whatever its `on_failure`. */
  failed: boolean
}

/** A cancelled remote run counts like a failed one: the step did not do its work. */
function hasFailed(status: StepStatus): boolean {
  return status === 'failed' || status === 'cancelled'
}

export function summarizeNeeds(plan: PipelinePlan, state: RunState, step: PlanStep): NeedsSummary {
  const needs = plan.steps.filter((candidate) => step.needs.includes(candidate.id))
  const statuses = needs.map((need) => ({ need, status: stepState(state, need.id).status }))
  return {
    completed: statuses.every(
      ({ need, status }) => status === 'completed' || (hasFailed(status) && need.onFailure === 'continue'),
    ),
    failed: statuses.some(({ status }) => hasFailed(status)),
  }
}

/** Steps that still wait although everything they need is done. */
export function readySteps(plan: PipelinePlan, state: RunState): PlanStep[] {
  return plan.steps.filter(
    (step) =>
      stepState(state, step.id).status === 'waiting' &&
      step.needs.every((need) => isDone(stepState(state, need).status)),
  )
}

/** True once a step failed that was told to fail the run. */
export function isFailing(plan: PipelinePlan, state: RunState): boolean {
  return plan.steps.some((step) => step.onFailure === 'fail' && hasFailed(stepState(state, step.id).status))
}

/**
 * What to do with a ready step. `evaluate` means: its `if` decides.
 * After a failure only steps whose `if` names `failed()` or `always()` still start.
 */
export function decideStart(
  step: PlanStep,
  needs: NeedsSummary,
  run: { failing: boolean; cancelRequested: boolean },
): 'start' | 'skip' | 'evaluate' {
  if (run.cancelRequested) return 'skip'
  const functions = step.if?.statusFunctions ?? []
  const survivesFailure = functions.includes('failed') || functions.includes('always')
  if (run.failing && !survivesFailure) return 'skip'
  if (functions.length === 0 && !needs.completed) return 'skip'
  return step.if ? 'evaluate' : 'start'
}

/** A finished step's status from its items; none at all is a completed step. */
export function statusOfItems(items: readonly ItemState[]): 'completed' | 'failed' | 'cancelled' {
  if (items.some((item) => item.status === 'failed')) return 'failed'
  // Items are skipped after a failure, which is told above, or after a cancel.
  if (items.some((item) => item.status === 'cancelled' || item.status === 'skipped')) return 'cancelled'
  return 'completed'
}

/** After a failed item of a step that fails, its other items do not start. */
export function mayStartItem(step: PlanStep, items: readonly ItemState[]): boolean {
  return step.onFailure === 'continue' || !items.some((item) => hasFailed(item.status))
}

export function isFinished(state: RunState): boolean {
  return Object.values(state.steps).every((step) => isDone(step.status))
}

/** Of a run that has not closed yet. */
export function openStatus(state: RunState): PipelineStatus {
  return state.cancelRequested ? 'cancelling' : 'running'
}

/** A cancelled run whose steps had all completed before is a completed one. */
export function pipelineStatus(plan: PipelinePlan, state: RunState): PipelineStatus {
  if (!isFinished(state)) return openStatus(state)
  const cutShort = Object.values(state.steps).some(
    (step) => step.status === 'cancelled' || step.status === 'skipped',
  )
  if (state.cancelRequested && cutShort) return 'cancelled'
  return isFailing(plan, state) ? 'failed' : 'completed'
}

/** Doubles with each generation, an hour at most. `generation` is the one that just failed. */
export function retryDelayMs(backoffMs: number, generation: number): number {
  return Math.min(backoffMs * 2 ** (generation - 1), 3_600_000)
}
