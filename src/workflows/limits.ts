import {
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import type { LimitAsk } from '../limit/index.ts'
import type { Each } from '../pipeline/evaluate/index.ts'
import {
  defaultPriority,
  type ItemState,
  limitKey,
  type PlaceState,
  type PlanConcurrency,
  type PlanStep,
  refuseHeldKey,
  skipAll,
  skipForPlace,
  whyNoPlace,
  whySuperseded,
} from '../pipeline/plan/index.ts'
import { evaluate, evaluateNow } from './evaluation.ts'
import { type Execution, keysAround } from './execution.ts'
import { type LimitNewsFrom, leavePlaceSignal } from './limit-messages.ts'
import { stepErrorOf } from './step-failure.ts'

/** Whoever waits asks again after this long, so that no lost answer leaves it waiting for ever. */
const askAgainMs = 60 * 60_000
/** How long a run for which there is no place waits to be cancelled for that. */
const cancelMs = 60_000

/** What has a place; written as a whole, so that the change is seen. */
interface Seat {
  place?: PlaceState
}

interface Asking {
  key: string
  concurrency: PlanConcurrency
  priority: number | undefined
  of?: LimitAsk['of'] & {}
}

/**
 * Waits for the place of the run under the limit of its pipeline.
 * @returns false when the run ends before its first step: all are skipped then
 */
export async function enterRun(execution: Execution, concurrency: PlanConcurrency): Promise<boolean> {
  const { state } = execution
  if (state.place?.status === 'held') return true
  try {
    await takeRunPlace(execution, concurrency)
    return true
  } catch (error) {
    const { place } = state
    if (!isCancellation(error)) {
      state.notBegun = stepErrorOf(error)
      state.warnings.push(`it did not begin: ${state.notBegun.message}`)
      skipAll(state, 'the pipeline run did not begin')
    } else if (place && isLost(place)) {
      // Of one that had it, the warning is there.
      if (place.status === 'refused') state.warnings.push(whyNoPlace(place))
      skipAll(state, whyNoPlace(place))
    } else skipAll(state, 'the pipeline run was cancelled')
    return false
  }
}

/** @throws a cancellation, also where there is no place; StepFailure for a key that is none */
async function takeRunPlace(execution: Execution, concurrency: PlanConcurrency): Promise<void> {
  const { plan, state, input } = execution
  const key = state.place?.key ?? limitKey(await evaluate(execution, concurrency.key))
  refuseHeldKey(key, input.heldKeys ?? [])
  if (workflowInfo().memo?.status !== 'pending') upsertMemo({ status: 'pending' })
  await take(execution, state, { key, concurrency, priority: plan.priority })
  if (state.place?.status === 'held') {
    upsertMemo({ status: null })
    return
  }
  // Whoever has no place for it cancels it.
  await condition(() => false, cancelMs)
  throw new CancelledFailure('there was no place')
}

/**
 * Waits for the place of an item's present generation, if its step has a limit.
 * @param waits called when it is not had at once
 * @returns false when there is none: the item is skipped then
 * @throws a cancellation, or StepFailure for a key that is none
 */
export async function enterItem(
  execution: Execution,
  step: PlanStep,
  item: ItemState,
  each: Each,
  waits: () => void,
): Promise<boolean> {
  const { concurrency, priority = execution.plan.priority } = step
  if (!concurrency || item.place?.status === 'held') return true
  const own = step.forEach ? each : undefined
  const key =
    item.place?.key ??
    limitKey(evaluateNow(execution, concurrency.key, { step, ...(own ? { each: own } : {}) }))
  refuseHeldKey(key, keysAround(execution))
  const of = { step: step.id, item: own?.index ?? null, generation: item.generation }
  await take(execution, item, { key, concurrency, priority, of }, waits)
  execution.progress += 1
  const { place } = item
  if (!place || place.status === 'held') return true
  leavePlace(execution, item)
  skipForPlace(item, place)
  return false
}

async function take(
  execution: Execution,
  seat: Seat,
  asking: Asking,
  waits: () => void = () => {},
): Promise<void> {
  const { key } = asking
  const ask = askOf(execution, asking)
  const { token, limit, priority } = ask
  seat.place ??= { token, key, limit, priority, sinceMs: Date.now(), status: 'waiting' }
  const { workspace, timing } = execution.input
  const input = {
    key,
    ask,
    ...(workspace === undefined ? {} : { workspace }),
    ...(timing.maxHistoryEvents === undefined ? {} : { maxHistoryEvents: timing.maxHistoryEvents }),
  }
  const activities = proxyActivities<PipelineActivities>({
    startToCloseTimeout: '30 seconds',
    heartbeatTimeout: timing.stepHeartbeatMs,
    summary: `ask for a place: ${key}`,
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000 },
  })
  // Taken back a moment ago, it must not be counted for this.
  await execution.leaving.get(token)
  const isWaiting = () => seat.place?.status === 'waiting'
  while (isWaiting()) {
    // Once it is on its way it is waited for: who leaves has to come after it.
    const { limitId } = await CancellationScope.nonCancellable(() => activities.askForPlace(input))
    if (seat.place) seat.place = { ...seat.place, limitId }
    if (!isWaiting()) return
    waits()
    await condition(() => !isWaiting(), askAgainMs)
  }
}

function askOf({ data }: Execution, { concurrency, priority = defaultPriority, of }: Asking): LimitAsk {
  const { firstExecutionRunId } = workflowInfo()
  return {
    token: [firstExecutionRunId, ...(of ? [of.step, of.item ?? '-', of.generation] : [])].join('/'),
    run: data.id,
    firstExecutionRunId,
    ...(of ? { of } : {}),
    limit: concurrency.limit,
    priority,
    whenFull: concurrency.whenFull,
  }
}

/** Runs a generation in its place; when that goes to somebody else, the generation is cancelled, and no other follows. */
export async function inPlace<T>(execution: Execution, item: ItemState, run: () => Promise<T>): Promise<T> {
  const { place } = item
  if (!place) return run()
  const scope = new CancellationScope()
  const evict = () => scope.cancel()
  execution.evictions.set(place.token, evict)
  if (isLost(place)) evict()
  try {
    return await scope.run(run)
  } finally {
    execution.evictions.delete(place.token)
  }
}

/** Says why an item was cancelled whose place went to somebody else. */
export function noteEviction(item: ItemState): void {
  if (item.place && isLost(item.place) && item.status === 'cancelled')
    item.error = { code: 'superseded', message: whySuperseded(item.place) }
}

function isLost({ status }: PlaceState): boolean {
  return status === 'refused' || status === 'superseded'
}

/** Gives a place back, or leaves the line; `allLeft` waits until that is known. */
export function leavePlace(execution: Execution, seat: Seat): void {
  const { place } = seat
  if (!place) return
  delete seat.place
  if (place.limitId !== undefined && place.status !== 'refused')
    tellLeaving(execution, place.limitId, place.token)
}

/** Of an execution that ends, nobody has to find out by looking. */
export async function leaveAll(execution: Execution): Promise<void> {
  for (const seat of seatsOf(execution)) leavePlace(execution, seat)
  await allLeft(execution)
}

export async function allLeft({ leaving }: Execution): Promise<void> {
  await CancellationScope.nonCancellable(() => Promise.all(leaving.values()))
}

function tellLeaving({ leaving }: Execution, limitId: string, token: string): void {
  const told = CancellationScope.nonCancellable(() =>
    getExternalWorkflowHandle(limitId).signal(leavePlaceSignal, { token }),
  )
    // Then nobody counts it.
    .catch(() => {})
    .then(() => void leaving.delete(token))
  leaving.set(token, told)
}

/** Notes what became of an ask. A place that nobody here wants any more is given back. */
export function hearOfLimit(execution: Execution, { token, kind, by, limitId }: LimitNewsFrom): void {
  const seat = seatsOf(execution).find(({ place }) => place?.token === token)
  const { place } = seat ?? {}
  if (!seat || !place) {
    if (kind !== 'refused') tellLeaving(execution, limitId, token)
    return
  }
  const whose = { ...place, limitId, ...(by === undefined ? {} : { by }) }
  if (kind === 'superseded') {
    if (isLost(place)) return
    seat.place = { ...whose, status: 'superseded' }
    if (seat === execution.state) execution.state.warnings.push(whySuperseded(whose))
    execution.evictions.get(token)?.()
  } else if (place.status === 'waiting')
    seat.place = { ...whose, status: kind === 'granted' ? 'held' : 'refused' }
}

function seatsOf({ state }: Execution): Seat[] {
  return [state, ...Object.values(state.steps).flatMap(({ items = [] }) => items)]
}
