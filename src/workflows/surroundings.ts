import { upsertMemo } from '@temporalio/workflow'
import type { Each } from '../pipeline/evaluate/index.ts'
import { type ItemState, move, openStatus, type PlanStep } from '../pipeline/plan/index.ts'
import type { Surroundings } from '../remote-run/index.ts'
import { type Execution, laneOf } from './execution.ts'
import { parkedKey } from './steering.ts'

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
    saveTrigger(state) {
      item.trigger = state
      item.jobId = state.job?.jobId ?? item.jobId
    },
    isTaken: (jobRunId) => isTaken(execution, item, jobRunId),
    onSettling,
    askPerson(state) {
      execution.progress += 1
      item.parkedAtMs ??= Date.now()
      move(item, 'lost_trigger')
      item.trigger = state
      noteHeld(execution)
      return new Promise((decide) => execution.parked.set(key, decide))
    },
    onUnparked() {
      execution.parked.delete(key)
      // A person may take a day: the step's time is that of its job run.
      const parkedMs = Date.now() - (item.parkedAtMs ?? Date.now())
      if (item.generationStartedAtMs !== null) item.generationStartedAtMs += parkedMs
      delete item.parkedAtMs
      if (item.status === 'trigger_unknown') move(item, 'began')
      noteHeld(execution)
    },
    pauseUntil: (instantMs) => laneOf(execution, step).alarm.at(instantMs),
    warn(message) {
      execution.state.warnings.push(message)
    },
  }
}

/** What lists show of a run without asking it. */
function noteHeld({ state }: Execution): void {
  if (!state.cancelRequested) upsertMemo({ status: openStatus(state) === 'held' ? 'held' : null })
}

/** Of all steps and generations of the pipeline run. */
function isTaken({ state }: Execution, own: ItemState, jobRunId: string): boolean {
  return Object.values(state.steps).some((step) =>
    (step.items ?? []).some(
      (item) =>
        (item !== own && (item.jobRunId === jobRunId || item.trigger?.run?.jobRunId === jobRunId)) ||
        item.earlier?.some(({ job_run_id }) => job_run_id === jobRunId),
    ),
  )
}
