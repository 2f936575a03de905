import { isTerminalStatus, type JobRun, type RunError } from '../../contract/index.ts'
import type { ExecutionState } from '../ports/index.ts'
import type { RunEnd } from './finish-run.ts'

/** What to do about a run that was not heard of, given what Temporal says. */
export type Verdict = { do: 'nothing' } | { do: 'wait' } | { do: 'start' } | { do: 'finish'; end: RunEnd }

/**
 * Decides about a run that was dispatched and not heard of for a while.
 * @param run as read before Temporal was asked
 * @param silentBefore Temporal said at the last check, too, that it was completed
 */
export function judge(run: JobRun, state: ExecutionState, silentBefore: boolean): Verdict {
  if (isTerminalStatus(run.status)) return { do: 'nothing' }
  switch (state.state) {
    case 'active':
      return { do: 'nothing' }
    case 'closed':
      // Whatever the worker would have made of the cancel, nobody will report it any more.
      return state.status === 'failed' && !run.cancel_requested_at ? failed(state.error) : cancelled
    case 'completed':
      // Its report may be under way still; one more interval is enough for that.
      if (!silentBefore) return { do: 'wait' }
      if (state.status === 'completed' || state.status === 'cancelled')
        return { do: 'finish', end: { status: state.status } }
      return failed({
        code: 'unreported',
        message: 'The run ended in Temporal, but its worker never reported how',
      })
    case 'not_found':
      // No attempt ever reported in, and each does before its handler begins: starting it cannot run it twice.
      if ((run.attempt ?? 0) === 0) return run.cancel_requested_at ? cancelled : { do: 'start' }
      if (run.cancel_requested_at) return cancelled
      return failed({
        code: 'lost',
        message: 'Temporal no longer knows the run, which had begun: its history is gone',
      })
  }
}

const cancelled: Verdict = { do: 'finish', end: { status: 'cancelled' } }

function failed(error: RunError): Verdict {
  return { do: 'finish', end: { status: 'failed', error } }
}
