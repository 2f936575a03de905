import { CancellationScope, CancelledFailure } from '@temporalio/workflow'
import { jsonBytes } from '../base/json.ts'
import { type ItemState, isBegun, type PlanStep } from '../pipeline/plan/index.ts'
import type { QuickSurroundings, RemoteRunRequest } from '../remote-run/index.ts'
import { type Execution, laneOf, mayBeFenced } from './execution.ts'
import { createLocalTriggers, type LocalTriggers } from './local-triggers.ts'
import { enter } from './places.ts'

/** So many open job runs of a workflow are looked at one by one; of more it is told by signals, many by each. */
const fewOpen = 8

/** False once it is known that no local triggers are used. */
export function mayBeQuick({ state, hasLocalTriggers }: Execution): boolean {
  return hasLocalTriggers && mayBeFenced(state)
}

/** Undefined where none are used: on other servers, as far as is known, and where an earlier version began this execution. */
export function localTriggersOf(execution: Execution): LocalTriggers | undefined {
  if (execution.state.connection?.mode !== 'fenced') return undefined
  if (execution.locals === undefined) {
    execution.locals = execution.hasLocalTriggers ? createLocalTriggers(execution.pace.nextTask) : null
  }
  return execution.locals ?? undefined
}

/** Of an item on a fenced connection; undefined where an earlier version began this execution, which triggers and waits by activities. */
export function quickSurroundings(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  { item: index, generation, target, config }: RemoteRunRequest,
): QuickSurroundings | undefined {
  const locals = localTriggersOf(execution)
  if (!locals) return undefined
  const lane = laneOf(execution, step)
  const kept = { outputs: step.usedOutputs, whole: step.usesJobRun }
  return {
    kept,
    calm: locals.calm,
    isTakenUp: execution.isTakenUp,
    isCrowded: () => lane.places.taken() > fewOpen,
    runLocally: (begin) => locals.run(() => execution.tornTasks.during(() => lane.scope.run(begin))),
    async enterRegular() {
      const entered = enter(lane.regularTriggers)
      if (!(entered === true || (await entered))) throw new CancelledFailure('cancelled before its trigger')
      const admitted = lane.pace.admit(jsonBytes({ target, config }))
      try {
        if (admitted) await admitted
      } catch (error) {
        lane.regularTriggers.giveBack()
        throw error
      }
      return () => lane.regularTriggers.giveBack()
    },
    wait(jobRunId, left) {
      const isTold = item.isTold === true
      const onTold = () => {
        item.isTold = true
      }
      const run = { step: step.id, item: index, generation, jobRunId, kept }
      return execution.ends.wait(run, { scope: CancellationScope.current(), left, isTold, onTold })
    },
  }
}

/** What this execution was told, and did not get to, the next one has to ask for. */
export function forgetEarlyEnds({ ends, state }: Execution): void {
  for (const { items = [] } of Object.values(state.steps))
    for (const item of items)
      if (item.jobRunId !== null && isBegun(item) && ends.hasEarly(item.jobRunId)) delete item.isTold
}
