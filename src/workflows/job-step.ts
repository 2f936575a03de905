import { isCancellation } from '@temporalio/workflow'
import type { Json } from '../base/json.ts'
import { listOf } from '../pipeline/evaluate/index.ts'
import {
  concludeStep,
  createItems,
  type ItemState,
  isBegun,
  isDone,
  mayStartItem,
  move,
  type PlanStep,
  skipItem,
  stepState,
} from '../pipeline/plan/index.ts'
import { evaluate } from './evaluation.ts'
import { type Execution, laneOf } from './execution.ts'
import { endBegun, leavePlaces, runItem, whenPlaced } from './item.ts'
import { leavePlace } from './limits.ts'
import { stepErrorOf } from './step-failure.ts'

/** A step that runs a job: to its end, with all its items; goes on with what an earlier execution began. */
export async function runJobStep(execution: Execution, step: PlanStep): Promise<void> {
  const own = stepState(execution.state, step.id)
  move(own, 'found_running')
  try {
    const values = step.forEach ? listOf(await evaluate(execution, step.forEach, step)) : [null]
    own.items ??= createItems(execution.schedule, values, () => execution.has('many-items'))
    const [only] = own.items
    // The usual step has no `for_each`: it does without lanes, and their promises.
    if (only && !step.forEach) await (isDone(only.status) || runOnly(execution, step, only))
    else await runItems(execution, step, own.items, values)
    concludeStep(own, own.items)
  } catch (error) {
    await endItems(execution, step, own.items ?? [], error)
    if (isCancellation(error)) {
      move(own, 'cancelled')
    } else {
      own.error = stepErrorOf(error)
      move(own, 'failed')
    }
  }
}

/** Of a list that an earlier execution began, and that this one cannot evaluate anew. */
async function endItems(
  execution: Execution,
  step: PlanStep,
  items: readonly ItemState[],
  error: unknown,
): Promise<void> {
  const ends = items.map(async (item, index) => {
    if (isBegun(item)) await endBegun(execution, step, item, { value: null, index }, error)
    else if (item.generation > 0 && !isDone(item.status)) {
      move(item, 'cancelled')
      leavePlace(execution, item)
    } else if (!isDone(item.status)) skipItem(execution.state, item)
  })
  await Promise.all(ends)
}

function runOnly(execution: Execution, step: PlanStep, item: ItemState): Promise<void> {
  return new Promise((resolve, reject) => {
    whenPlaced(laneOf(execution, step), item, (hasPlaces) => {
      runItem(execution, step, item, { value: null, index: 0 }, hasPlaces).then(resolve, reject)
    })
  })
}

/** Not more than `max_parallel` at a time, in their order; an item costs promises only from when it has its places. */
function runItems(
  execution: Execution,
  step: PlanStep,
  items: readonly ItemState[],
  values: readonly Json[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    let underWay = 0
    let mayStart = mayStartItem(step, items)
    const lane = laneOf(execution, step)

    const ended = (item: ItemState) => {
      underWay -= 1
      mayStart &&= mayStartItem(step, [item])
      startNext()
    }
    const begin = (item: ItemState, index: number, hasPlaces: boolean) => {
      // What was begun has a job run to look after, whatever happened meanwhile.
      if (item.generation === 0 && (!mayStart || !hasPlaces)) {
        if (hasPlaces) leavePlaces(lane)
        skipItem(execution.state, item)
        ended(item)
      } else
        runItem(execution, step, item, { value: values[index] ?? null, index }, hasPlaces).then(
          () => ended(item),
          reject,
        )
    }
    let isStarting = false
    /** A loop and no recursion: an item may end at once. */
    const startNext = () => {
      if (isStarting) return
      isStarting = true
      while (underWay < step.maxParallel && next < items.length) {
        const index = next++
        const item = items[index]
        if (!item || isDone(item.status)) continue
        underWay += 1
        whenPlaced(lane, item, (hasPlaces) => begin(item, index, hasPlaces))
      }
      isStarting = false
      if (underWay === 0) resolve()
    }
    startNext()
  })
}
