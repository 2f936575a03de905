import type { Json } from '../../base/json.ts'
import { graphLimits } from './graph-limits.ts'
import type { Schedule } from './schedule.ts'
import { statusOfItems } from './scheduling.ts'
import { createItem, type ItemState, type PipelineRunState, type StepState, stepState } from './state.ts'
import { StepFailure } from './step-failure.ts'
import { move } from './transitions.ts'
import type { PlanStep } from './types.ts'

/** What runs of earlier versions were refused beyond. */
const earlierItems = 2_000

/**
 * One item for each value that a step is run for.
 * @param mayBeMany asked where earlier versions refused as many
 * @throws StepFailure
 */
export function createItems(
  schedule: Pick<Schedule, 'countItems'>,
  values: readonly Json[],
  mayBeMany: () => boolean = () => true,
): ItemState[] {
  const count = schedule.countItems(values.length)
  // Steps of one job run each are counted, and never refused.
  if (values.length > 1 && count > earlierItems) {
    const limit = mayBeMany() ? graphLimits.jobRuns : earlierItems
    if (count > limit) {
      schedule.countItems(-values.length)
      throw new StepFailure(
        'for_each_too_long',
        `for_each has ${values.length} items, which makes ${count} job runs of this pipeline run; the limit is ${limit}: have each item do more, or run parts of the list in steps that run a pipeline`,
      )
    }
  }
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
