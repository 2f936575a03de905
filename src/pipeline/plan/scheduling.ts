import { type ItemState, type PipelineRunState, stepState } from './state.ts'
import { isDone, move, type StepStatus } from './transitions.ts'
import type { PipelinePlan, PipelineStatus, PlanStep, StepRunView } from './types.ts'

/** Pure decisions: which steps may start, what a step or a run amounts to. */

export interface NeedsSummary {
  /**
   * Every need is completed, or failed and was told to continue. Of a step that starts when any of them is done: some need is.
   */
  completed: boolean
  /** Some need failed, whatever its `on_failure`. */
  failed: boolean
}

/** A cancelled remote run counts like a failed one: the step did not do its work. */
function hasFailed(status: StepStatus): boolean {
  return status === 'failed' || status === 'cancelled'
}

/**
 * What the needs of a step amount to: of each how it ended, and what its plan says about a failure.
 * @param start of the step
 */
export function summarizeNeeds(
  needs: readonly Pick<PlanStep, 'id' | 'onFailure'>[],
  state: PipelineRunState,
  start?: PlanStep['start'],
): NeedsSummary {
  const ended = needs.map(({ id, onFailure }) => ({ onFailure, status: stepState(state, id).status }))
  const isCompleted = ({ onFailure, status }: (typeof ended)[number]) =>
    status === 'completed' || (hasFailed(status) && onFailure === 'continue')
  return {
    completed: start === 'any' && ended.length > 0 ? ended.some(isCompleted) : ended.every(isCompleted),
    failed: ended.some(({ status }) => hasFailed(status)),
  }
}

/** True of a step that failed and was told to fail the run. */
export function failsTheRun(step: PlanStep, state: PipelineRunState): boolean {
  return step.onFailure === 'fail' && hasFailed(stepState(state, step.id).status)
}

/** True once a step failed that was told to fail the run. */
export function isFailing(plan: PipelinePlan, state: PipelineRunState): boolean {
  return plan.steps.some((step) => failsTheRun(step, state))
}

/** True of a step that runs on a cancel, too: its `if` names `always()` or `cancelled()`. */
export function cleansUp({ if: condition }: Pick<PlanStep, 'if'>): boolean {
  const functions = condition?.statusFunctions ?? []
  return functions.includes('always') || functions.includes('cancelled')
}

/** How long steps that run on a cancel, too, may take once nothing else is left. */
export const defaultCleanupMs = 10 * 60_000
/** The warning that they took longer. */
export const cleanupIsOver = 'what cleans up was cancelled, as its time was over'

/**
 * What to do with a ready step. `evaluate` means: its `if` decides.
 * After a failure only steps whose `if` names `failed()`, `always()` or `cancelled()` still start; after a
 * cancel, while there is time for it, those that clean up.
 */
export function decideStart(
  step: PlanStep,
  needs: NeedsSummary,
  run: { failing: boolean; cancelRequested: boolean; cleansUp: boolean },
): 'start' | 'skip' | 'evaluate' {
  if (run.cancelRequested && !(run.cleansUp && cleansUp(step))) return 'skip'
  const functions = step.if?.statusFunctions ?? []
  const survivesFailure = functions.includes('failed') || cleansUp(step)
  if (run.failing && !survivesFailure) return 'skip'
  if (functions.length === 0 && !needs.completed) return 'skip'
  return step.if ? 'evaluate' : 'start'
}

const cancelledText = 'the pipeline run was cancelled'

/** Why `decideStart` skips a step, for people. */
export function whySkipped(
  { start }: Pick<PlanStep, 'start'>,
  needs: readonly Pick<PlanStep, 'id' | 'onFailure'>[],
  state: PipelineRunState,
  run: { cancelRequested: boolean },
): string {
  if (run.cancelRequested) return cancelledText
  if (start === 'any')
    return summarizeNeeds(needs, state, start).completed
      ? 'another step had failed'
      : 'none of what it needs was completed'
  const ended = needs.map(({ id, onFailure }) => ({ id, onFailure, status: stepState(state, id).status }))
  const failed = ended.find(({ onFailure, status }) => hasFailed(status) && onFailure === 'fail')
  const culprit = failed ?? ended.find(({ status }) => status === 'skipped')
  if (!culprit) return 'another step had failed'
  return `it needs ${culprit.id}, which ${culprit.status === 'failed' ? '' : 'was '}${culprit.status}`
}

/** Why an `if` that was evaluated lets a step not start, for people. */
export function whyNotLetIn(run: { cancelRequested: boolean }): string {
  return run.cancelRequested ? cancelledText : 'its `if` is false'
}

/** Items are skipped after one of them failed, or by a cancel. */
export function whyItemSkipped(state: PipelineRunState): string {
  return state.cancelRequested ? cancelledText : 'another item had failed'
}

/** Skips an item, and notes why. */
export function skipItem(state: PipelineRunState, item: ItemState): void {
  item.skippedBecause = whyItemSkipped(state)
  move(item, 'was_skipped')
}

/** A finished step's status from its items; none at all is a completed step. */
export function statusOfItems(
  items: readonly ItemState[],
): 'completed' | 'failed' | 'cancelled' | 'had_no_place' {
  if (items.length > 0 && items.every(({ noPlace }) => noPlace)) return 'had_no_place'
  if (items.some((item) => item.status === 'failed')) return 'failed'
  // Items are skipped after a failure, which is told above, or after a cancel.
  const isCutShort = ({ status, noPlace }: ItemState) =>
    status === 'cancelled' || (status === 'skipped' && !noPlace)
  if (items.some(isCutShort)) return 'cancelled'
  return 'completed'
}

/** After a failed item of a step that fails, its other items do not start. */
export function mayStartItem(step: PlanStep, items: readonly ItemState[]): boolean {
  return step.onFailure === 'continue' || !items.some((item) => hasFailed(item.status))
}

export function isFinished(state: PipelineRunState): boolean {
  return Object.values(state.steps).every((step) => isDone(step.status))
}

/** Of a run that has not closed yet. */
export function openStatus(state: PipelineRunState): PipelineStatus {
  if (state.cancelRequested || state.cancelRequestedAtMs) return 'cancelling'
  if (state.place?.status === 'waiting') return 'pending'
  const isHeld = ({ status }: ItemState) => status === 'trigger_unknown' || status === 'held'
  return Object.values(state.steps).some(({ items }) => items?.some(isHeld)) ? 'held' : 'running'
}

/** A cancelled run whose steps had all completed before is a completed one. */
export function pipelineStatus(plan: PipelinePlan, state: PipelineRunState): PipelineStatus {
  if (!isFinished(state)) return openStatus(state)
  if (state.notBegun) return 'failed'
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

/** Why a pipeline run failed: the first step that failed it, rather than one that was to be put up with. */
export function failureMessage(
  plan: PipelinePlan,
  state: PipelineRunState,
  lines: readonly Pick<StepRunView, 'step' | 'status' | 'error'>[],
): string {
  if (state.notBegun) return state.notBegun.message
  const failing = new Set(plan.steps.filter((step) => failsTheRun(step, state)).map(({ id }) => id))
  const failed = lines.find(
    ({ step, status }) => (status === 'failed' || status === 'cancelled') && failing.has(step),
  )
  return failed
    ? `step ${failed.step} ${failed.status}${failed.error ? `: ${failed.error.message}` : ''}`
    : 'failed'
}
