import { CompleteAsyncError, Context } from '@temporalio/activity'
import type { ActivityDependencies } from './dependencies.ts'
import type { HoldPresenceInput } from './waits.ts'

/** What the last heartbeat said: the holder's own, or the question of an attempt whether there still is one. */
const asked = 'asked'
export const here = 'here'
/** Neither was heard of for so long that others take up what it had. */
export const lost = 'lost'
/** Somebody saw the process end. */
export const gone = 'gone'

/**
 * Stays open for as long as the worker process that is named sends its heartbeats, by the activity's id, whoever takes the attempts.
 * When they stop, the next attempt asks once more: Temporal may have been away, and a busy worker is not a lost one. When that is not
 * answered either, the one after it has what that worker had taken up by others. Nobody is asked where its end was seen. No attempt needs
 * a workflow task, which would wait for the sticky queue of the worker that is lost. Nobody else takes up what a worker had: of two that do,
 * the second would take it from whom the first gave it to.
 */
export async function holdPresence(
  deps: ActivityDependencies,
  { identity }: HoldPresenceInput,
): Promise<void> {
  const context = Context.current()
  const { heartbeatDetails: last, activityId } = context.info
  const isGone = last === gone || deps.presence.isPredecessor(activityId)
  const isLost = isGone || ((last === asked || last === lost) && identity !== deps.presence.identity)
  const said = isGone ? gone : isLost ? lost : asked
  context.heartbeat(said)
  if (!isLost) throw new CompleteAsyncError()
  const everyMs = (context.info.heartbeatTimeoutMs ?? 3_000) / 3
  const timer = setInterval(() => context.heartbeat(said), everyMs)
  try {
    await deps.recoverWaits(identity, isGone)
  } finally {
    clearInterval(timer)
  }
}
