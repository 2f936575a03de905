import { sleep } from '@temporalio/workflow'
import {
  type ItemState,
  noteParked,
  noteTrigger,
  noteUnparked,
  type OthersOnJob,
  othersOnJob,
} from '../pipeline/plan/index.ts'
import type { Surroundings } from '../remote-run/index.ts'
import { type Ledger, note, type OwnRun } from './ledger.ts'

/** What a run on a server without idempotency keys needs of the workflow around it. */
export function surroundingsOf(ledger: Ledger, { call, item }: OwnRun): Surroundings {
  return {
    get trigger() {
      return item.trigger
    },
    saveTrigger: (state) => noteTrigger(item, state),
    othersOn: (jobId) => othersOn(ledger, item, jobId),
    onSettling() {},
    askPerson(state) {
      if (call.onUnknown === 'fail') return Promise.resolve({ kind: 'give_up' })
      noteParked(item, state, Date.now())
      note(ledger)
      return new Promise((decide) => ledger.parked.set(item, decide))
    },
    onUnparked() {
      ledger.parked.delete(item)
      noteUnparked(item, Date.now())
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
  return othersOnJob(
    runs.map(({ item }) => item),
    own,
    jobId,
  )
}
