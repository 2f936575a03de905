import { Context } from '@temporalio/activity'
import { lookAt, type SweepDependencies } from '../sweep/sweep.ts'
import { lookForGone } from './look-for-gone.ts'
import type { AskForPlaceInput, AskForPlaceResult, LookForGoneResult } from './types.ts'

export type { AskForPlaceInput, AskForPlaceResult, LookForGoneResult } from './types.ts'

/** The activities of limits across runs. */
export interface LimitActivities {
  askForPlace(input: AskForPlaceInput): Promise<AskForPlaceResult>
  lookForGone(): Promise<LookForGoneResult>
}

export function createLimitActivities(
  deps: SweepDependencies,
  working: <T>(work: () => Promise<T>) => Promise<T>,
): LimitActivities {
  return {
    askForPlace: (input) => working(() => deps.limits.ask(input)),
    lookForGone: () =>
      working(() => {
        const { workflowExecution } = Context.current().info
        if (!workflowExecution) throw new Error('an activity of keepLimit')
        return lookForGone(deps.limits, workflowExecution, async (run) =>
          // Where sweeps are off, or only tell, somebody else looks after what is left.
          deps.sweep === 'cancel' ? (await lookAt(deps, run, 'cancel')).isDone : true,
        )
      }),
  }
}
