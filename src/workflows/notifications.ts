import {
  CancellationScope,
  proxyLocalActivities,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import type { NotificationInput } from '../activities/notify/types.ts'
import { notificationId, workflowTypes } from '../contract/names.ts'
import {
  failureMessage,
  type MissedTimes,
  missedNotification,
  mostHeldNotices,
  type NotificationBody,
  type NotificationEvent,
  type PipelinePlan,
  type PipelineRunView,
  type PlanNotification,
  receiverName,
  runNotification,
  viewPipelineRun,
} from '../pipeline/plan/index.ts'
import type { Execution } from './execution.ts'

/*
 * Telling is a workflow of its own for each receiver: it goes on when the pipeline run is over, and whatever becomes of it does not come
 * back here. Only plans with `notify` come by here with anything to do.
 */

/** Tells that the run is held now. Each time, but not for ever. */
export function tellHeld(execution: Execution): void {
  const told = (execution.state.notices ?? []).filter(({ event }) => event === 'held')
  const times = new Set(told.map(({ at }) => at)).size
  if (times < mostHeldNotices) tell(execution, { event: 'held', occasion: `held-${times + 1}`, error: null })
}

/** Tells how the run ended, and waits until that is begun: a run that is over can begin nothing. */
export async function tellEnd(execution: Execution, event: 'completed' | 'failed'): Promise<void> {
  if (!execution.plan.notify) return
  const { plan, state } = execution
  const now = Date.now()
  const view = viewAt(execution, now)
  const error = event === 'failed' ? failureMessage(plan, state, view.steps) : null
  tell(execution, { event, occasion: event, error, view })
  await tellingBegun(execution)
}

/** Waits until every receiver that is to be told has a workflow that does so. */
export async function tellingBegun({ telling }: Execution): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    while (telling.size > 0) await Promise.all(telling)
  })
}

/** Tells of a run that is not over in time, once; where its time is over already, at once. */
export function watchLateness(execution: Execution): void {
  for (const [index, one] of (execution.plan.notify ?? []).entries())
    if (one.late && one.on.includes('late'))
      // It ends with a cancel of the run; nothing of the run hangs on it.
      void tellIfLate(execution, index, one.late).catch(() => undefined)
}

async function tellIfLate(
  execution: Execution,
  index: number,
  late: NonNullable<PlanNotification['late']>,
): Promise<void> {
  const { state, schedule } = execution
  if (isTold(execution, 'late', index)) return
  const atMs = await deadlineOf(execution, late)
  const leftMs = atMs - Date.now()
  if (leftMs > 0) await sleep(leftMs)
  if (state.cancelRequested || schedule.isFinished()) return
  const error = `not over by ${new Date(atMs).toISOString()}`
  tell(execution, { event: 'late', occasion: 'late', error }, index)
}

/** From the time that a run was due; one that made up for it later has its own beginning. */
async function deadlineOf(
  { input, state }: Execution,
  late: NonNullable<PlanNotification['late']>,
): Promise<number> {
  const { schedule } = input
  const fromMs = schedule?.kind === 'fired' ? schedule.nominalMs : state.startedAtMs
  if ('afterMs' in late) return fromMs + late.afterMs
  // What zones there are a worker's Node.js knows; a workflow would say something else on each.
  const { nextTimeOfDay } = proxyLocalActivities<PipelineActivities>({ startToCloseTimeout: 10_000 })
  return nextTimeOfDay({ ...late, fromMs })
}

interface Told {
  event: NotificationEvent
  /** Of several of one kind each has its own. */
  occasion: string
  error: string | null
  view?: PipelineRunView
}

/** @param only the receiver of that index */
function tell(execution: Execution, told: Told, only?: number): void {
  const { plan, input, state, data } = execution
  const { event, occasion, error } = told
  const receivers = (plan.notify ?? []).flatMap((one, index) =>
    one.on.includes(event) && (only ?? index) === index ? [{ ...one, index }] : [],
  )
  if (receivers.length === 0) return
  const atMs = Date.now()
  const view = told.view ?? viewAt(execution, null)
  const body = runNotification(view, { event, atMs, schedule: input.schedule, error })
  const { firstExecutionRunId } = workflowInfo()
  for (const { receiver, index } of receivers) {
    const id = notificationId({ id: data.id, firstExecutionRunId }, occasion, index)
    if (state.notices?.some((notice) => notice.id === id)) continue
    state.notices = [
      ...(state.notices ?? []),
      { id, event, receiver: receiverName(receiver), at: new Date(atMs).toISOString() },
    ]
    const begun = begin(id, { event, receiver, body }).finally(() => execution.telling.delete(begun))
    execution.telling.add(begun)
  }
}

function viewAt({ plan, state, data }: Execution, finishedAtMs: number | null): PipelineRunView {
  return viewPipelineRun(plan, state, { id: data.id, finishedAtMs, outputs: {} })
}

function isTold({ state, data }: Execution, occasion: string, index: number): boolean {
  const { firstExecutionRunId } = workflowInfo()
  const id = notificationId({ id: data.id, firstExecutionRunId }, occasion, index)
  return state.notices?.some((notice) => notice.id === id) ?? false
}

/** Begins to tell a receiver, unless that was begun before: by an execution that a reset has closed, or by a sweep. */
async function begin(id: string, input: NotificationInput): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() =>
      startChild(workflowTypes.deliverNotification, {
        workflowId: id,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        parentClosePolicy: 'ABANDON',
        cancellationType: 'ABANDON',
        staticSummary: `${input.body.type} to ${receiverName(input.receiver)}`,
        args: [input],
      }),
    )
  } catch {
    // Nothing of a pipeline run hangs on it.
  }
}

/**
 * Tells those who want to know that times of a schedule were missed: of several, that came to light together, once. For the workflow that
 * keeps the schedule; resolves when it is begun, and never fails.
 */
export async function tellMissed(plan: Pick<PipelinePlan, 'notify'>, missed: MissedTimes): Promise<void> {
  const { workflowId, firstExecutionRunId } = workflowInfo()
  const body: NotificationBody = missedNotification(missed, Date.now())
  const receivers = (plan.notify ?? []).map(({ on, receiver }, index) => ({ on, receiver, index }))
  await Promise.all(
    receivers
      .filter(({ on }) => on.includes('missed'))
      .map(({ receiver, index }) => {
        const id = notificationId({ id: workflowId, firstExecutionRunId }, `missed-${missed.lastMs}`, index)
        return begin(id, { event: 'missed', receiver, body })
      }),
  )
}
