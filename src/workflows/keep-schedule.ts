import {
  ApplicationFailure,
  allHandlersFinished,
  type CancellationScope,
  condition,
  isCancellation,
  log,
  makeContinueAsNewFunc,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import { messageOf } from '../base/causes.ts'
import type { ScheduleView } from '../contract/schedules/view.ts'
import { nextDueMs, viewSchedule } from '../schedule/plan/index.ts'
import { adoptEarlier } from './adopt-keeper.ts'
import { createKeeper, type Keeper, record, settle, sync, wake, watchOpenRuns } from './keeper.ts'
import { applyEdit, checkEdit, deleteIt, pauseIt, refreshIt, resumeIt, triggerIt } from './schedule-edits.ts'
import {
  applyScheduleUpdate,
  backfilledSignal,
  deleteScheduleUpdate,
  type KeepScheduleInput,
  ledgerQuery,
  pauseScheduleUpdate,
  refreshScheduleUpdate,
  resumeScheduleUpdate,
  scheduleDefinitionQuery,
  scheduleQuery,
  scheduleStateQuery,
  triggerScheduleUpdate,
  wakeSignal,
} from './schedule-messages.ts'

/** A ledger is carried on as a page when it has so many entries. */
const pageEntries = 1_000
const mostEvents = 4_000
/** After what no activity could get done. */
const troubleMs = 30_000
/** Longer than any timer has to be. */
const idleMs = 100 * 86_400_000

/**
 * Keeps a schedule for as long as it is there: decides every tick once, starts its runs, and alone writes the schedule in Temporal that
 * wakes it. Whenever woken it decides all that is due, so a wake may be late, come twice, or stand for many.
 */
export async function keepSchedule(input: KeepScheduleInput): Promise<ScheduleView> {
  const keeper = createKeeper(input)
  // Before whatever it was started together with.
  if (keeper.isFresh) keeper.inTurn(() => adoptEarlier(keeper)).catch((error) => noteTrouble(keeper, error))
  handleMessages(keeper)
  const watch = createWatch(keeper)
  while (!keeper.isDeleted) {
    watch.follow()
    await condition(() => hasWork(keeper) || keeper.isDeleted || isToGoOn(keeper), untilDueMs(keeper))
    if (keeper.isDeleted) break
    if (isToGoOn(keeper)) {
      await condition(() => allHandlersFinished() && keeper.telling.size === 0)
      if (!keeper.isDeleted) await goOnAsNew(keeper)
    } else await keeper.inTurn(() => work(keeper))
  }
  watch.end()
  await condition(() => allHandlersFinished() && keeper.telling.size === 0)
  return view(keeper)
}

/** Never ends the keeper: what cannot be done now is done later. */
async function work(keeper: Keeper): Promise<void> {
  if (keeper.isDeleted || keeper.isReplaced) return
  try {
    const { syncSinceMs, renewAtMs } = keeper.state.clock
    if (syncSinceMs !== null || (renewAtMs !== null && Date.now() >= renewAtMs)) await sync(keeper)
    await settle(keeper)
    keeper.trouble = null
  } catch (error) {
    if (isCancellation(error)) throw error
    noteTrouble(keeper, error)
    await sleep(troubleMs)
  }
}

function noteTrouble(keeper: Keeper, error: unknown): void {
  keeper.trouble = messageOf(error)
  log.error('a schedule cannot go on', { reason: keeper.trouble })
}

function hasWork({ state, closed }: Keeper): boolean {
  const { woken, syncSinceMs, renewAtMs } = state.clock
  const dueMs = Math.min(nextDueMs(state) ?? Number.POSITIVE_INFINITY, renewAtMs ?? Number.POSITIVE_INFINITY)
  return (
    woken !== null ||
    syncSinceMs !== null ||
    dueMs <= Date.now() ||
    (closed.size > 0 && state.queue.length > 0)
  )
}

function untilDueMs({ state }: Keeper): number {
  const dueMs = Math.min(
    nextDueMs(state) ?? Number.POSITIVE_INFINITY,
    state.clock.renewAtMs ?? Number.POSITIVE_INFINITY,
  )
  return Math.min(Math.max(1, dueMs - Date.now()), idleMs)
}

/** Follows the open runs while ticks wait for their ends. */
function createWatch(keeper: Keeper) {
  let watched: { runs: string; scope: CancellationScope } | undefined
  return {
    follow() {
      const { open, queue } = keeper.state
      const runs = queue.length > 0 ? open.map(({ id }) => id) : []
      if (watched?.runs === runs.join()) return
      watched?.scope.cancel()
      watched = runs.length === 0 ? undefined : { runs: runs.join(), scope: watchOpenRuns(keeper, runs) }
    },
    end: () => watched?.scope.cancel(),
  }
}

function isToGoOn({ input, isReplaced, state }: Keeper): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return (
    isReplaced ||
    continueAsNewSuggested ||
    historyLength >= (input.maxHistoryEvents ?? mostEvents) ||
    state.entries.length >= pageEntries
  )
}

async function goOnAsNew({ input, definition, timing, state }: Keeper): Promise<void> {
  const { maxHistoryEvents } = input
  await makeContinueAsNewFunc<typeof keepSchedule>({ memo: { ...workflowInfo().memo } })({
    definition,
    timing,
    ...(maxHistoryEvents === undefined ? {} : { maxHistoryEvents }),
    state: { ...state, entries: [] },
    previousPage: state.entries,
  })
}

export function view({ definition, state, trouble }: Keeper): ScheduleView {
  return viewSchedule(definition, state, trouble === null ? [] : [trouble])
}

function handleMessages(keeper: Keeper): void {
  const validator = () => requirePresent(keeper)
  setHandler(scheduleQuery, () => view(keeper))
  setHandler(scheduleDefinitionQuery, () => keeper.definition)
  setHandler(scheduleStateQuery, () => keeper.state)
  setHandler(ledgerQuery, () => ({
    entries: keeper.state.entries,
    previousPage: keeper.input.previousPage ?? [],
    takenUntilMs: keeper.state.takenUntilMs,
    spec: keeper.definition.spec,
    ...(keeper.state.earlierExecution === undefined
      ? {}
      : { earlierExecution: keeper.state.earlierExecution }),
  }))
  setHandler(wakeSignal, ({ atMs }) => wake(keeper, { fromMs: atMs, toMs: atMs }))
  setHandler(backfilledSignal, (entries) => record(keeper, entries))
  setHandler(applyScheduleUpdate, (request) => inTurn(keeper, () => applyEdit(keeper, request)), {
    validator: (request) => {
      requirePresent(keeper)
      checkEdit(keeper, request)
    },
  })
  const viewed = (work: () => Promise<void>) =>
    inTurn(keeper, async () => {
      await work()
      return view(keeper)
    })
  setHandler(pauseScheduleUpdate, (request) => viewed(() => pauseIt(keeper, request)), {
    validator: (_) => requirePresent(keeper),
  })
  setHandler(resumeScheduleUpdate, () => viewed(() => resumeIt(keeper)), { validator })
  setHandler(refreshScheduleUpdate, () => viewed(() => refreshIt(keeper)), { validator })
  setHandler(deleteScheduleUpdate, () => viewed(() => deleteIt(keeper)), { validator })
  setHandler(triggerScheduleUpdate, (request) => inTurn(keeper, () => triggerIt(keeper, request)), {
    validator: (_) => requirePresent(keeper),
  })
}

function inTurn<T>(keeper: Keeper, work: () => Promise<T>): Promise<T> {
  return keeper.inTurn(() => {
    requirePresent(keeper)
    return work()
  })
}

/** Whoever is too late for this execution asks the next one. */
function requirePresent({ isDeleted, isReplaced, definition }: Keeper): void {
  if (isDeleted)
    throw ApplicationFailure.nonRetryable(`schedule ${definition.name} was deleted`, 'schedule_deleted')
  if (isReplaced)
    throw ApplicationFailure.nonRetryable(
      `schedule ${definition.name} was edited at the same moment: ask again`,
      'AcceptedUpdateCompletedWorkflow',
    )
}
