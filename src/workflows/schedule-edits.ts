import { ApplicationFailure, condition, isCancellation } from '@temporalio/workflow'
import { messageOf } from '../base/causes.ts'
import { changedFields, edited, graceMs, manualRunId, pauseAfterApply } from '../schedule/plan/index.ts'
import { dropAll, type Keeper, record, removeClock, runActivities, setClock, settleAll } from './keeper.ts'
import type {
  ApplyScheduleAnswer,
  ApplyScheduleRequest,
  PauseScheduleRequest,
  TriggerScheduleRequest,
} from './schedule-messages.ts'

/** @throws ApplicationFailure `schedule_name_taken` */
export function checkEdit({ definition }: Keeper, { definition: next }: ApplyScheduleRequest): void {
  const [own, other] = [definition.plan.name, next.plan.name]
  if (own === other) return
  throw ApplicationFailure.nonRetryable(
    `schedule ${definition.name} belongs to pipeline ${own}, and pipeline ${other} cannot have it: give its schedule another name, or delete that one`,
    'schedule_name_taken',
  )
}

/** Until then it is as it was, from then on as it is asked to be: what is due is neither lost by it nor started by it. */
export async function applyEdit(keeper: Keeper, request: ApplyScheduleRequest): Promise<ApplyScheduleAnswer> {
  const fields = changedFields(keeper.definition, request.definition)
  const pause = pauseAfterApply(keeper.state.pause, request.paused, Date.now())
  const isPauseChanged = (pause === null) !== (keeper.state.pause === null)
  const changed = [...fields, ...(isPauseChanged ? ['paused'] : [])]
  const created = keeper.isFresh
  keeper.isFresh = false
  if (changed.length > 0) {
    if (isPauseChanged && pause) await dropAll(keeper)
    else await settleBefore(keeper)
    keeper.state = edited(keeper.state, pause, Date.now())
    keeper.definition = request.definition
    keeper.timing = request.timing
    keeper.isReplaced = true
  }
  // Somebody may have changed, or deleted, the schedule in Temporal.
  else if (!created) wantSync(keeper, {})
  return { revision: keeper.state.revision, changed, created }
}

/** What was due before the change is decided as it was. */
async function settleBefore(keeper: Keeper): Promise<void> {
  await settleAll(keeper, async (nominalMs) => {
    await condition(
      () => (keeper.state.clock.woken?.fromMs ?? Number.POSITIVE_INFINITY) <= nominalMs,
      graceMs,
    )
  })
}

/** Nothing that was not started is started any more, until it is resumed. */
export async function pauseIt(keeper: Keeper, { note, by }: PauseScheduleRequest): Promise<void> {
  await dropAll(keeper)
  const { pause } = keeper.state
  keeper.state.pause = {
    origin: 'person',
    sinceMs: pause?.sinceMs ?? Date.now(),
    ...(note === undefined ? {} : { note }),
    ...(by === undefined ? {} : { by }),
  }
  wantSync(keeper, {})
}

export async function resumeIt(keeper: Keeper): Promise<void> {
  await settleBefore(keeper)
  keeper.state.pause = null
  // Also of a pause by hand that it knows of: the next write ends it.
  wantSync(keeper, { isResuming: true, isHandPaused: false })
}

export async function refreshIt(keeper: Keeper): Promise<void> {
  await settleBefore(keeper)
}

/** Temporal's schedule goes first: nobody is left who would look for this keeper. */
export async function deleteIt(keeper: Keeper): Promise<void> {
  await removeClock(keeper)
  await dropAll(keeper)
  keeper.isDeleted = true
}

export async function triggerIt(
  keeper: Keeper,
  { key, inputs }: TriggerScheduleRequest,
): Promise<{ run: string }> {
  const run = manualRunId(keeper.definition.name, key)
  const nominalMs = Date.now()
  try {
    await runActivities(run).startScheduledRun({
      runId: run,
      nominalMs,
      kind: 'manual',
      ...(inputs === undefined ? {} : { inputs }),
    })
  } catch (error) {
    if (isCancellation(error)) throw error
    throw ApplicationFailure.nonRetryable(messageOf(error), 'not_started')
  }
  const { open, revision } = keeper.state
  if (!open.some(({ id }) => id === run)) keeper.state.open = [...open, { id: run, nominalMs }]
  const entry = { nominalMs, decidedAtMs: nominalMs, outcome: 'manual' as const, reason: null, run, revision }
  record(keeper, [entry])
  return { run }
}

function wantSync(keeper: Keeper, more: { isResuming?: true; isHandPaused?: false }): void {
  setClock(keeper, { syncSinceMs: keeper.state.clock.syncSinceMs ?? Date.now(), ...more })
}
