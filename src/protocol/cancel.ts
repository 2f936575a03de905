/**
 * How a run is cancelled for sure: the cancel is sent until it is answered, and it is over when the run is seen to be, not when
 * the server said yes. State and event in, state and effect out; instants are milliseconds of one clock. No imports.
 */

export interface CancelState {
  phase: 'send' | 'confirm' | 'over'
  /** Cancels that were answered. */
  sends: number
  /** Active by then, it is cancelled once more. */
  againAtMs: number
}

export type CancelEvent =
  /** The server answered, whatever it said. */
  | { kind: 'answered'; atMs: number }
  /** The run was seen to be over, or gone for good. */
  | { kind: 'ended' }
  /** It was active when it was looked at. */
  | { kind: 'still_active'; atMs: number }

export type CancelEffect =
  /** Until it is answered, however long that takes. */
  { kind: 'send' } | { kind: 'await_end'; untilMs: number } | { kind: 'done' }

const firstPatienceMs = 30_000
const longestPatienceMs = 10 * 60_000

export function beginCancel(): CancelState {
  return { phase: 'send', sends: 0, againAtMs: 0 }
}

export function nextCancelEffect(state: CancelState): CancelEffect {
  if (state.phase === 'over') return { kind: 'done' }
  return state.phase === 'send' ? { kind: 'send' } : { kind: 'await_end', untilMs: state.againAtMs }
}

/** The state after an event. A run that is over stays so. */
export function advanceCancel(state: CancelState, event: CancelEvent): CancelState {
  if (state.phase === 'over') return state
  switch (event.kind) {
    case 'answered': {
      const patienceMs = Math.min(firstPatienceMs * 2 ** state.sends, longestPatienceMs)
      return { phase: 'confirm', sends: state.sends + 1, againAtMs: event.atMs + patienceMs }
    }
    case 'ended':
      return { ...state, phase: 'over' }
    case 'still_active':
      return event.atMs >= state.againAtMs ? { ...state, phase: 'send' } : state
  }
}
