import { upsertMemo, workflowInfo } from '@temporalio/workflow'
import type { Each } from '../pipeline/evaluate/index.ts'
import { type ItemState, move, openStatus, type PlanStep } from '../pipeline/plan/index.ts'
import type { TriggerState } from '../protocol/index.ts'
import type { OthersOnJob, Surroundings } from '../remote-run/index.ts'
import { type Execution, laneOf, parkedKey } from './execution.ts'
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
    saveTrigger(state) {
      item.trigger = state
      item.jobId = state.job?.jobId ?? item.jobId
    },
    othersOn: (jobId) => othersOn(execution, item, jobId),
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
      execution.progress += 1
      execution.parked.delete(key)
      // A person may take a day: the step's time is that of its job run.
      if (item.generationStartedAtMs !== null && item.parkedAtMs !== undefined)
        item.generationStartedAtMs += Date.now() - item.parkedAtMs
      delete item.parkedAtMs
      // Only a person sends again, or gives up; a run may also have shown up by itself.
      if (item.trigger?.phase === 'post') item.decided = 'trigger'
      if (item.trigger?.phase === 'abandoned') item.decided = 'fail'
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
export function noteHeld(execution: Execution): void {
  const { state } = execution
  const status = openStatus(state) === 'held' ? 'held' : null
  // An event of the history for each change, and not for each of a hundred items.
  if (state.cancelRequested || (workflowInfo().memo?.status ?? null) === status) return
  upsertMemo({ status })
  void tellParent(execution, status ?? 'running')
}

/** Of all steps and generations of the pipeline run. */
export function isTaken(execution: Execution, own: ItemState, jobRunId: string): boolean {
  return othersOn(execution, own, own.jobId ?? '').taken.has(jobRunId)
}

function othersOn({ state }: Execution, own: ItemState, jobId: string): OthersOnJob {
  const taken = new Set<string>()
  let isContested = false
  for (const item of Object.values(state.steps).flatMap(({ items }) => items ?? [])) {
    for (const { job_run_id } of item.earlier ?? []) if (job_run_id) taken.add(job_run_id)
    if (item === own || item.jobId !== jobId) continue
    for (const id of [item.jobRunId, item.trigger?.run?.jobRunId]) if (id) taken.add(id)
    isContested ||= item.trigger !== undefined && mayYetHaveRun(item.trigger)
  }
  return { taken, isContested }
}

function mayYetHaveRun({ phase, unsettled }: TriggerState): boolean {
  return unsettled > 0 || !['adopted', 'refused', 'abandoned'].includes(phase)
}
