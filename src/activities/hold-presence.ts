import { CompleteAsyncError, Context } from '@temporalio/activity'
import type { ActivityDependencies, HoldPresenceInput } from './types.ts'

/** What the last heartbeat said: the holder's own, or the question of an attempt whether there still is one. */
const asked = 'asked'
export const here = 'here'

/**
 * Stays open for as long as the worker process that is named sends its heartbeats, by the activity's id, whoever takes the attempts.
 * When they stop, the next attempt asks once more: Temporal may have been away, and a busy worker is not a lost one. When that is not
 * answered either, the one after it has the waits of that worker taken up by others. No attempt needs a workflow task, which would
 * wait for the sticky queue of the worker that is lost.
 */
export async function holdPresence(
  deps: ActivityDependencies,
  { identity }: HoldPresenceInput,
): Promise<void> {
  const context = Context.current()
  const isLost = context.info.heartbeatDetails === asked && identity !== deps.presence.identity
  context.heartbeat(asked)
  if (!isLost) throw new CompleteAsyncError()
  const everyMs = (context.info.heartbeatTimeoutMs ?? 3_000) / 3
  const timer = setInterval(() => context.heartbeat(asked), everyMs)
  try {
    await deps.recoverWaits(identity)
  } finally {
    clearInterval(timer)
  }
}
