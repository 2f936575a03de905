import type { Json } from '../../base/json.ts'
import { statusOfItems } from './scheduling.ts'
import { createItem, type ItemState, type PipelineRunState, type StepState, stepState } from './state.ts'
import { StepFailure } from './step-failure.ts'
import { move } from './transitions.ts'
import type { PlanStep } from './types.ts'

/** Of one pipeline run, all its steps together: its state and its view have to fit into a payload of 2 MiB. */
const maxItems = 2_000

/** One item for each value that a step is run for. @throws StepFailure */
export function createItems(state: PipelineRunState, values: readonly Json[]): ItemState[] {
  const others = Object.values(state.steps).reduce((sum, step) => sum + (step.items?.length ?? 0), 0)
  // Steps of one job run each are counted, and never refused.
  if (values.length > 1 && others + values.length > maxItems)
    throw new StepFailure(
      'for_each_too_long',
      `for_each has ${values.length} items, which makes ${others + values.length} job runs of this pipeline run; the limit is ${maxItems}`,
    )
  return values.map(createItem)
}

/** Notes what a step is, now that its items are done. */
export function concludeStep(own: StepState, items: readonly ItemState[]): void {
  const status = statusOfItems(items)
  if (status === 'had_no_place') own.skippedBecause = items[0]?.skippedBecause ?? ''
  else own.error = items.find((item) => item.status === status)?.error ?? null
  move(own, status)
}

/** Warns of a step that did not do its work, and that the run goes on without. */
export function warnOfContinued(state: PipelineRunState, step: PlanStep): void {
  const { status, error } = stepState(state, step.id)
  const isShort = status === 'failed' || status === 'cancelled'
  if (isShort && step.onFailure === 'continue')
    state.warnings.push(`step ${step.id} ${status}${error ? ` (${error.code})` : ''}; the run went on`)
}
