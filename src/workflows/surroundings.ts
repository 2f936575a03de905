import { upsertMemo, workflowInfo } from '@temporalio/workflow'
import type { Each } from '../pipeline/evaluate/index.ts'
import {
  type ItemState,
  noteParked,
  noteTrigger,
  noteUnparked,
  type OthersOnJob,
  openStatus,
  othersOnJob,
  type PlanStep,
} from '../pipeline/plan/index.ts'
import type { Surroundings } from '../remote-run/index.ts'
import { type Execution, laneOf, parkedKey } from './execution.ts'
import { tellHeld } from './notifications.ts'
import { tellParent } from './tell-parent.ts'

/** What the run of an item on a server without idempotency keys needs of the pipeline run around it. */
export function surroundingsOf(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  each: Pick<Each, 'index'>,
  onSettling: () => void,
): Surroundings {
  const key = parkedKey(step.id, step.forEach ? each.index : null)
  return {
    get trigger() {
      return item.trigger
    },
    saveTrigger: (state) => noteTrigger(item, state),
    othersOn: (jobId) => othersOn(execution, item, jobId),
    onSettling,
    askPerson(state) {
      execution.progress += 1
      noteParked(item, state, Date.now())
      noteHeld(execution)
      return new Promise((decide) => execution.parked.set(key, decide))
    },
    onUnparked() {
      execution.progress += 1
      execution.parked.delete(key)
      noteUnparked(item, Date.now())
      noteHeld(execution)
    },
    pauseUntil: (instantMs) => laneOf(execution, step).alarm.at(instantMs),
    warn(message) {
      execution.state.warnings.push(message)
    },
  }
}

/** What lists show of a run without asking it. */
export function noteHeld(execution: Execution): void {
  const { state } = execution
  const status = openStatus(state) === 'held' ? 'held' : null
  // An event of the history for each change, and not for each of a hundred items.
  if (state.cancelRequested || (workflowInfo().memo?.status ?? null) === status) return
  upsertMemo({ status })
  void tellParent(execution, status ?? 'running')
  if (status === 'held') tellHeld(execution)
}

/** Of all steps and generations of the pipeline run. */
export function othersOn({ state }: Execution, own: ItemState, jobId: string): OthersOnJob {
  return othersOnJob(
    Object.values(state.steps).flatMap(({ items }) => items ?? []),
    own,
    jobId,
  )
}
