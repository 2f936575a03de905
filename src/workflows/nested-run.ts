import {
  CancellationScope,
  getExternalWorkflowHandle,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow'
import type { NestedRunIdentity, PipelineActivities } from '../activities/index.ts'
import type { Json } from '../base/json.ts'
import { stepRunId } from '../base/step-run-id.ts'
import {
  endPause,
  type ItemState,
  isBegun,
  isNested,
  type JobRunRecord,
  move,
  nestedRunId,
  type PlanStep,
} from '../pipeline/plan/index.ts'
import { type RemoteRun, scheduleToClose, type TimeLeft } from '../remote-run/index.ts'
import { startDeadline } from './deadline.ts'
import { type Execution, keysAround, laneOf } from './execution.ts'
import { endCleanupSignal, type NestedRunNews } from './messages.ts'
import { localTriggersOf } from './quick.ts'
import { noteHeld } from './surroundings.ts'

const exchangeTimeoutMs = 60_000
const retry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000 }
/** A run says itself when it ends; this finds those that were closed from outside. */
const lookRetry = { initialInterval: 5_000, backoffCoefficient: 2, maximumInterval: 30_000 }

/** Where a generation of a step that runs a pipeline is found. */
export interface NestedPlace {
  step: PlanStep
  item: ItemState
  /** null outside `for_each`. */
  index: number | null
}

/**
 * The pipeline run that a generation of a step is: a workflow of its own, which is found by its id in every execution of this one,
 * also after a reset. Its end is read from Temporal; what it signals only says when to look.
 */
export function nestedRun(execution: Execution, place: NestedPlace, inputs: Record<string, Json>): RemoteRun {
  const run = identityOf(execution, place)
  const { step } = place
  const name = stepRunId({ ...run.parent, step: step.id })
  const activities = (left: TimeLeft, options: Parameters<typeof proxyActivities>[0] = {}) =>
    proxyActivities<PipelineActivities>({
      ...scheduleToClose(left),
      startToCloseTimeout: exchangeTimeoutMs,
      heartbeatTimeout: execution.timing.stepHeartbeatMs,
      cancellationType: 'TRY_CANCEL',
      summary: name,
      retry,
      ...options,
    })
  const look = (isEnding: boolean) =>
    activities(noLimit, isEnding ? {} : { retry: lookRetry }).awaitNestedRun({ ...run, isEnding })
  return {
    trigger(left) {
      const heldKeys = keysAround(execution, place.item)
      return activities(left).startNestedRun({ ...run, inputs, ...(heldKeys.length > 0 ? { heldKeys } : {}) })
    },
    wait: (_, left) => untilOver(execution, place, run.id, look, left),
    cancel: () =>
      CancellationScope.nonCancellable(async () => {
        const { phase, record } = await activities(noLimit).cancelNestedRun(run)
        return phase === 'cancelling' ? endAfterCancel(execution, run.id, look) : record
      }),
  }
}

/** Outputs that came, or were carried over, as references. */
export function readNestedOutputs(
  { timing }: Execution,
  outputs: readonly { jobRunId: string; name: string }[],
): Promise<Json[]> {
  const activities = proxyActivities<PipelineActivities>({
    startToCloseTimeout: exchangeTimeoutMs,
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL',
    summary: 'read outputs',
    retry,
  })
  return activities.readNestedOutputs({
    outputs: outputs.map(({ jobRunId, name }) => ({ runId: jobRunId, name })),
  })
}

const noLimit: TimeLeft = () => undefined

function identityOf({ data }: Execution, { step, item, index }: NestedPlace): NestedRunIdentity {
  const { firstExecutionRunId } = workflowInfo()
  const parent = {
    id: data.id,
    firstExecutionRunId,
    step: step.id,
    item: index,
    generation: item.generation,
  }
  return { id: nestedRunId(data.id, parent), parent }
}

type Look = (isEnding: boolean) => Promise<JobRunRecord>

/** Looks whenever there is news of the run, or the time of the step may be over. */
async function untilOver(
  execution: Execution,
  place: NestedPlace,
  id: string,
  look: Look,
  left: TimeLeft,
): Promise<JobRunRecord | 'out_of_time'> {
  const { alarm } = laneOf(execution, place.step)
  for (;;) {
    noteHold(execution, place.item, execution.nestedNews.get(id))
    const leftMs = left()
    const isBounded = leftMs !== undefined && place.item.status !== 'held'
    const deadline =
      isBounded && localTriggersOf(execution)
        ? startDeadline(leftMs, () => execution.locals?.calm())
        : undefined
    if (!deadline && leftMs !== undefined && leftMs <= 0) return 'out_of_time'
    const timeIsUp = isBounded ? [deadline?.over ?? alarm.at(Date.now() + leftMs)] : []
    const record = await firstOf(execution, id, look, timeIsUp)
    await execution.locals?.calm()
    if (!record && deadline?.isOver()) return 'out_of_time'
    if (record) {
      // Of one that is over, nobody waits for a person.
      setHold(execution, place.item, false)
      return forget(execution, id, record)
    }
  }
}

/** However long that takes. */
async function endAfterCancel(execution: Execution, id: string, look: Look): Promise<JobRunRecord> {
  for (;;) {
    const record = await firstOf(execution, id, look, [])
    if (record) return forget(execution, id, record)
  }
}

/** The end of the run; or nothing, when there is news of it, or one of the others was first. */
async function firstOf(
  { nestedNews, nestedWaits }: Execution,
  id: string,
  look: Look,
  others: readonly Promise<void>[],
): Promise<JobRunRecord | undefined> {
  const scope = new CancellationScope()
  const isEnding = nestedNews.get(id)?.state === 'ending'
  const looked = scope.run(() => look(isEnding))
  const news = new Promise<void>((resolve) => nestedWaits.set(id, resolve))
  try {
    const record = await Promise.race([looked, news, ...others])
    return record ?? undefined
  } finally {
    nestedWaits.delete(id)
    looked.catch(() => {})
    scope.cancel()
  }
}

function forget({ nestedNews }: Execution, id: string, record: JobRunRecord): JobRunRecord {
  nestedNews.delete(id)
  return record
}

/** A run that needs a person holds its step, and so the pipeline run; the time of the step stands still meanwhile. */
function noteHold(execution: Execution, item: ItemState, news: NestedRunNews | undefined): void {
  // Without news it is as an earlier execution left it.
  setHold(execution, item, news ? news.state === 'held' : item.parkedAtMs !== undefined)
}

function setHold(execution: Execution, item: ItemState, isHeld: boolean): void {
  if (isHeld === (item.status === 'held')) return
  if (isHeld) {
    item.parkedAtMs ??= Date.now()
    move(item, 'was_held')
  } else {
    endPause(item, Date.now())
    move(item, 'found_running')
  }
  noteHeld(execution)
}

/** What a nested run says of itself; of others, and of what is over, nothing is kept. */
export function hearOfNested(execution: Execution, news: NestedRunNews): void {
  const { nestedNews, nestedWaits } = execution
  const place = openPlaces(execution).find((each) => identityOf(execution, each).id === news.id)
  const before = nestedNews.get(news.id)
  if (!place || (before && before.atMs > news.atMs)) return
  nestedNews.set(news.id, news)
  // At once: this execution may be about to go on as a new one, with what its state says.
  if (place.item.jobRunId !== null && place.item.status !== 'cancelling')
    noteHold(execution, place.item, news)
  nestedWaits.get(news.id)?.()
}

/** Nested runs that may be open. */
export function remainingNested(execution: Execution): NestedRunIdentity[] {
  return openPlaces(execution).map((place) => identityOf(execution, place))
}

function openPlaces({ plan, state }: Execution): NestedPlace[] {
  return plan.steps
    .filter(isNested)
    .flatMap((step) =>
      (state.steps[step.id]?.items ?? []).flatMap((item, index) =>
        isBegun(item) ? [{ step, item, index: step.forEach ? index : null }] : [],
      ),
    )
}

/** A second cancel reaches what cleans up in nested runs, too. */
export function endNestedCleanup(execution: Execution): void {
  for (const { id } of remainingNested(execution))
    getExternalWorkflowHandle(id)
      .signal(endCleanupSignal)
      .catch(() => {})
}
