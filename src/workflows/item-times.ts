import { type ItemState, isNested, type PlanStep, timeLeftMs } from '../pipeline/plan/index.ts'
import type { TimeLeft } from '../remote-run/index.ts'
import { startDeadline } from './deadline.ts'
import { type Execution, laneOf } from './execution.ts'
import { localTriggersOf, mayBeQuick } from './quick.ts'

/** What is left of the time of the generation that has begun. */
export function timeLeftOf(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  startedAtMs: number,
): TimeLeft {
  const byClock = () => timeLeftMs(step, item, { startedAtMs, nowMs: Date.now() })
  // An earlier execution cancelled it as its time was over: what is told of its end meanwhile is no cancel from outside.
  const cancelledAtMs = item.status === 'cancelling' ? item.cancelRequestedAtMs : undefined
  if (
    cancelledAtMs !== undefined &&
    (timeLeftMs(step, item, { startedAtMs, nowMs: cancelledAtMs }) ?? 1) <= 0
  )
    return () => 0
  const leftMs = byClock()
  if (leftMs === undefined || isNested(step) || !mayBeQuick(execution)) return byClock
  const deadline = startDeadline(leftMs, () => execution.locals?.calm())
  const byTimer = () => (deadline.isOver() ? 0 : Math.max(1, byClock() ?? 1))
  // Elsewhere a person may be asked meanwhile, and the time stands still.
  const left = () => (localTriggersOf(execution) ? byTimer() : byClock())
  return Object.assign(left, { over: deadline.over })
}

/** Until another generation is due; hundreds of timers that fire together would fail the workflow task that runs. */
export async function untilDue(execution: Execution, step: PlanStep, atMs: number): Promise<void> {
  const { scope, alarm } = laneOf(execution, step)
  const locals = localTriggersOf(execution)
  if (!locals) return alarm.at(atMs)
  await Promise.race([locals.pause(Math.max(1, atMs - Date.now())), scope.cancelRequested])
}
