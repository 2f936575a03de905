import { ApplicationFailure } from '@temporalio/activity'
import type { ClosedRun } from '../sweep/types.ts'
import type { AskerState, Limits, LookForGoneResult } from './types.ts'

/** Who is further behind is looked at when it comes nearer. */
const mostWaiting = 200
/** A place is given on even if nobody can tell any more whether its job runs are over. */
const settlePatienceMs = 60 * 60_000

/**
 * Whoever has a place, or waits for one, and is closed. Nothing is held while there is nobody: this fails, and is tried again.
 * @param settle of one that was closed from outside: true once none of its job runs is active
 */
export async function lookForGone(
  limits: Limits,
  execution: { workflowId: string; runId: string },
  settle: (run: ClosedRun) => Promise<boolean>,
): Promise<LookForGoneResult> {
  const { holders, waiting } = await limits.read(execution)
  if (waiting.length === 0) return { gone: [] }
  const askers = [
    ...holders.map((holder) => ({ ...holder, isHolder: true })),
    ...waiting.slice(0, mostWaiting).map((waiter) => ({ ...waiter, isHolder: false })),
  ]
  // Where lists cannot be had, each is asked for.
  const open = await limits.listedAsOpen(askers.map(({ run }) => run)).catch(() => new Set<string>())
  const states = new Map<string, AskerState>()
  const gone: string[] = []
  for (const asker of askers) {
    if (open.has(asker.run)) continue
    const id = `${asker.run}\n${asker.firstExecutionRunId}`
    const state = states.get(id) ?? (await limits.stateOf(asker))
    states.set(id, state)
    if (await isGone(state, asker.isHolder, settle)) gone.push(asker.token)
  }
  if (gone.length > 0) return { gone }
  // As it should be: no log needs to know.
  throw ApplicationFailure.create({ type: 'nobody_gone', message: 'nobody is gone', category: 'BENIGN' })
}

async function isGone(
  state: AskerState,
  isHolder: boolean,
  settle: (run: ClosedRun) => Promise<boolean>,
): Promise<boolean> {
  if (state.kind !== 'closed') return state.kind === 'over'
  // Who only waits has nothing under way for it.
  if (!isHolder || Date.now() - state.closedAtMs > settlePatienceMs) return true
  return settle(state)
}
