import { isTerminalStatus, type JobRun, type RunError } from '../../contract/index.ts'
import type { ExecutionState } from '../ports/index.ts'
import type { RunEnd } from './finish-run.ts'

/** What to do about a run that was not heard of, given what Temporal says. */
export type Verdict = { do: 'nothing' } | { do: 'wait' } | { do: 'start' } | { do: 'finish'; end: RunEnd }

/**
 * Decides about a run that was dispatched and not heard of for a while. Where a cancel was asked for and no worker says how the
 * run ended, its end is that cancel confirmed: Temporal attempts it no more, and calls it timed out or failed for want of a worker.
 * @param run as read before Temporal was asked
 * @param silentBefore Temporal said at the last check, too, that it was completed
 */
export function judge(run: JobRun, state: ExecutionState, silentBefore: boolean): Verdict {
  if (isTerminalStatus(run.status)) return { do: 'nothing' }
  switch (state.state) {
    case 'active':
      return { do: 'nothing' }
    case 'closed':
      return state.status === 'failed' ? failedUnlessCancelled(run, state.error) : cancelled
    case 'completed':
      // Its report may be under way still; one more interval is enough for that.
      if (!silentBefore) return { do: 'wait' }
      if (state.status === 'completed' || state.status === 'cancelled')
        return { do: 'finish', end: { status: state.status } }
      return state.status === 'failed' ? failed(unreported) : failedUnlessCancelled(run, unreported)
    case 'not_found':
      // No attempt ever reported in, and each does before its handler begins: starting it cannot run it twice.
      if ((run.attempt ?? 0) === 0) return run.cancel_requested_at ? cancelled : { do: 'start' }
      return failedUnlessCancelled(run, {
        code: 'lost',
        message: 'Temporal no longer knows the run, which had begun: its history is gone',
      })
  }
}

const cancelled: Verdict = { do: 'finish', end: { status: 'cancelled' } }

const unreported: RunError = {
  code: 'unreported',
  message: 'The run ended in Temporal, but its worker never reported how',
}

function failedUnlessCancelled(run: JobRun, error: RunError): Verdict {
  return run.cancel_requested_at ? cancelled : failed(error)
}

function failed(error: RunError): Verdict {
  return { do: 'finish', end: { status: 'failed', error } }
}
