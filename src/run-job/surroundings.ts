import { sleep } from '@temporalio/workflow'
import { type ItemState, move } from '../pipeline/plan/index.ts'
import type { TriggerState } from '../protocol/index.ts'
import type { OthersOnJob, Surroundings } from '../remote-run/index.ts'
import { type Ledger, note, type OwnRun } from './ledger.ts'

/** What a run on a server without idempotency keys needs of the workflow around it. */
export function surroundingsOf(ledger: Ledger, { call, item }: OwnRun): Surroundings {
  return {
    get trigger() {
      return item.trigger
    },
    saveTrigger(state) {
      item.trigger = state
      item.jobId = state.job?.jobId ?? item.jobId
    },
    othersOn: (jobId) => othersOn(ledger, item, jobId),
    onSettling() {},
    askPerson(state) {
      if (call.onUnknown === 'fail') return Promise.resolve({ kind: 'give_up' })
      item.parkedAtMs ??= Date.now()
      move(item, 'lost_trigger')
      item.trigger = state
      note(ledger)
      return new Promise((decide) => ledger.parked.set(item, decide))
    },
    onUnparked() {
      ledger.parked.delete(item)
      // A person may take a day: the time is that of the job run.
      if (item.generationStartedAtMs !== null && item.parkedAtMs !== undefined)
        item.generationStartedAtMs += Date.now() - item.parkedAtMs
      delete item.parkedAtMs
      if (item.trigger?.phase === 'post') item.decided = 'trigger'
      if (item.trigger?.phase === 'abandoned') item.decided = 'fail'
      if (item.status === 'trigger_unknown') move(item, 'began')
      note(ledger)
    },
    pauseUntil: (instantMs) => sleep(Math.max(1, instantMs - Date.now())),
    warn(message) {
      ledger.state.warnings.push(message)
    },
  }
}

/** Of all other runs of this execution, and of earlier generations. */
export function othersOn({ runs }: Ledger, own: ItemState, jobId: string): OthersOnJob {
  const taken = new Set<string>()
  let isContested = false
  for (const { item } of runs) {
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
