import {
  CancellationScope,
  isCancellation,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import { messageOf } from '../base/causes.ts'
import {
  append,
  createScheduleState,
  type Decision,
  decide,
  type LedgerEntry,
  type Look,
  letGo,
  nominalsOf,
  openLimit,
  type ScheduleDefinition,
  type ScheduleState,
} from '../schedule/plan/index.ts'
import type { PipelineTiming } from './messages.ts'
import { tellMissed } from './notifications.ts'
import type { KeepScheduleInput } from './schedule-messages.ts'

/** What is decided in short order: a marker in the history, and no task of its own. */
const local = {
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000 },
} as const
/** With `allow` more may be open; they are looked at when so many have gathered. */
const looseRuns = 20
/** So many open runs are remembered by executions that an earlier version began. */
const earlierOpenLimit = 100

/** One execution of the workflow that keeps a schedule: the state that is carried on, and what lives only as long as this one. */
export interface Keeper {
  readonly input: KeepScheduleInput
  definition: ScheduleDefinition
  timing: PipelineTiming
  state: ScheduleState
  /** So many open runs are remembered. */
  readonly openLimit: number
  /** Nothing was applied since it was started. */
  isFresh: boolean
  /** Its argument is not the present definition any more: it goes on as a new execution. */
  isReplaced: boolean
  isDeleted: boolean
  /** Runs that were seen to be over. */
  readonly closed: Set<string>
  /** Of missed ticks, until it is begun. */
  readonly telling: Set<Promise<void>>
  /** Why it cannot go on just now. */
  trouble: string | null
  /** What changes the schedule is done by one at a time, in the order in which it was asked for. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
}

export function createKeeper(input: KeepScheduleInput): Keeper {
  const startMs = workflowInfo().startTime.getTime()
  const { definition, timing, paused = false } = input
  const pause = paused ? { origin: 'file' as const, sinceMs: startMs } : null
  let last: Promise<unknown> = Promise.resolve()
  return {
    input,
    definition,
    timing,
    state: input.state ?? { ...createScheduleState(startMs), pause },
    openLimit: patched('open-runs') ? openLimit : earlierOpenLimit,
    isFresh: input.state === undefined,
    isReplaced: false,
    isDeleted: false,
    closed: new Set(),
    telling: new Set(),
    trouble: null,
    inTurn(work) {
      const run = last.then(work)
      last = run.catch(() => {})
      return run
    },
  }
}

/** Decides what is due: all until now where Temporal's schedule acted, else what waits for its time or for the end of a run. */
export async function settle(keeper: Keeper): Promise<void> {
  const { woken } = keeper.state.clock
  setClock(keeper, { woken: null })
  try {
    for (;;) {
      const untilMs = woken ? Math.max(Date.now(), woken.toMs) : keeper.state.takenUntilMs
      const look = await lookAt(keeper, untilMs, woken?.fromMs)
      await carryOut(keeper, decide(keeper.state, keeper.definition, look))
      if (!look.isPartial) return
    }
  } catch (error) {
    if (woken) wake(keeper, woken)
    throw error
  }
}

/** The same, of everything until now, where nobody may be about to wake it: before an edit, and for who reads the ledger. */
export async function settleAll(keeper: Keeper, untilCovered: (nominalMs: number) => Promise<void>) {
  for (;;) {
    const seen = await lookAt(keeper, Date.now(), keeper.state.clock.woken?.fromMs)
    const [first] = seen.ticks
    // Temporal's schedule may just be about to act for it.
    if (first && !keeper.state.pause && !seen.isHandPaused) await untilCovered(first.nominalMs)
    const coveredFromMs = keeper.state.clock.woken?.fromMs ?? Number.POSITIVE_INFINITY
    await carryOut(
      keeper,
      decide(keeper.state, keeper.definition, { ...seen, coveredFromMs, nowMs: Date.now() }),
    )
    if (!seen.isPartial) return
  }
}

/** Ticks until now that no clock acted for. */
export async function settlePast(keeper: Keeper): Promise<void> {
  for (;;) {
    const look = await lookAt(keeper, Date.now(), undefined)
    await carryOut(keeper, decide(keeper.state, keeper.definition, look))
    if (!look.isPartial) return
  }
}

/** Lets go of everything until now. */
export async function dropAll(keeper: Keeper): Promise<void> {
  for (;;) {
    const look = await lookAt(keeper, Date.now(), undefined)
    await carryOut(keeper, letGo(keeper.state, look))
    if (!look.isPartial) return
  }
}

async function lookAt(keeper: Keeper, untilMs: number, coveredFromMs: number | undefined): Promise<Look> {
  const { definition, state } = keeper
  const { name, spec, overlap } = definition
  const { open, takenUntilMs } = state
  const runs = overlap !== 'allow' || open.length > looseRuns ? open.map(({ id }) => id) : []
  const { readDueTicks } = proxyLocalActivities<PipelineActivities>({ ...local, summary: name })
  const { ticks, closed, ...found } = await readDueTicks({
    name,
    spec,
    fromMs: takenUntilMs,
    untilMs,
    coveredFromMs: coveredFromMs ?? null,
    runs,
  })
  const seen = [...closed, ...keeper.closed]
  keeper.closed.clear()
  if (ticks.length > 0) setClock(keeper, { isHandPaused: found.isHandPaused })
  return {
    ...found,
    ticks,
    closed: seen,
    coveredFromMs: coveredFromMs ?? Number.POSITIVE_INFINITY,
    nowMs: Date.now(),
    openLimit: keeper.openLimit,
  }
}

/**
 * What was decided is in the history before any of it is done: a worker that is killed leaves nothing that the next one decides
 * otherwise.
 */
async function carryOut(keeper: Keeper, { state, entries, actions }: Decision): Promise<void> {
  keeper.state = state
  const failed = new Set<string>()
  for (const action of actions) {
    const { runId } = action
    try {
      if (action.kind === 'start')
        await runActivities(runId).startScheduledRun({ runId, nominalMs: action.nominalMs, kind: 'fired' })
      else await runActivities(runId).cancelScheduledRun({ runId })
    } catch (error) {
      if (isCancellation(error)) throw error
      keeper.trouble = `run ${runId} could not be ${action.kind === 'start' ? 'started' : 'cancelled'}: ${messageOf(error)}`
      log.error(keeper.trouble)
      if (action.kind === 'start') failed.add(runId)
    }
  }
  keeper.state.open = keeper.state.open.filter(({ id }) => !failed.has(id))
  record(
    keeper,
    entries.map((entry) =>
      entry.run !== null && failed.has(entry.run)
        ? { ...entry, outcome: 'missed' as const, reason: 'outage' as const, run: null }
        : entry,
    ),
  )
}

/** Into the ledger. */
export function record(keeper: Keeper, entries: readonly LedgerEntry[]): void {
  const { state } = keeper
  keeper.state = {
    ...state,
    entries: append(state.entries, entries),
    last: entries.at(-1) ?? state.last,
  }
  onMissed(
    keeper,
    entries.filter(({ outcome }) => outcome === 'missed'),
  )
}

/** Tells those who want to know of ticks that did not run, because nothing could decide them in time. */
function onMissed(keeper: Keeper, missed: readonly LedgerEntry[]): void {
  const nominals = missed.flatMap(nominalsOf)
  const [firstMs] = nominals
  const lastMs = nominals.at(-1)
  if (firstMs === undefined || lastMs === undefined) return
  const { name, plan } = keeper.definition
  const count = nominals.length
  log.warn('ticks were missed', { schedule: name, count })
  if (!plan.notify) return
  const reason = missed.at(-1)?.reason ?? null
  const telling = tellMissed(plan, { schedule: name, pipeline: plan.name, firstMs, lastMs, count, reason })
  keeper.telling.add(telling)
  void telling.finally(() => keeper.telling.delete(telling))
}

/** Temporal's schedule acted for these times: what is undecided from the first on may fire. */
export function wake(keeper: Keeper, { fromMs, toMs }: { fromMs: number; toMs: number }): void {
  const { woken } = keeper.state.clock
  setClock(keeper, {
    woken: woken
      ? { fromMs: Math.min(fromMs, woken.fromMs), toMs: Math.max(toMs, woken.toMs) }
      : { fromMs, toMs },
  })
}

export function setClock(keeper: Keeper, changed: Partial<ScheduleState['clock']>): void {
  keeper.state = { ...keeper.state, clock: { ...keeper.state.clock, ...changed } }
}

/** Writes Temporal's schedule. What was due while it was written, and so not acted for, is covered by that. */
export async function sync(keeper: Keeper): Promise<void> {
  const { definition, state } = keeper
  const { name, spec, workspace } = definition
  const { syncSinceMs, isResuming } = state.clock
  const sinceMs = syncSinceMs ?? state.takenUntilMs
  const written = await runActivities(name).syncSchedule({
    name,
    spec,
    ...(workspace === undefined ? {} : { workspace }),
    isPaused: state.pause !== null,
    isResuming,
  })
  const { tag, renewAtMs, isHandPaused } = written
  keeper.state = { ...keeper.state, tag }
  setClock(keeper, { syncSinceMs: null, isResuming: false, renewAtMs, isHandPaused })
  if (!keeper.state.pause && !isHandPaused) wake(keeper, { fromMs: sinceMs, toMs: sinceMs })
}

export async function removeClock(keeper: Keeper): Promise<void> {
  await runActivities(keeper.definition.name).removeSchedule()
}

/**
 * Looks for the ends of open runs, also of those that were closed from outside, until the scope is cancelled. An attempt that finds
 * all of them open fails, which costs the history nothing.
 */
export function watchOpenRuns(keeper: Keeper, runs: readonly string[]): CancellationScope {
  const scope = new CancellationScope()
  const { awaitRunsOver } = proxyActivities<PipelineActivities>({
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '20 seconds',
    cancellationType: 'TRY_CANCEL',
    summary: 'for the ends of runs',
    retry: { initialInterval: 1_000, backoffCoefficient: 1.5, maximumInterval: 10_000 },
  })
  scope
    .run(() => awaitRunsOver({ runs: [...runs] }))
    .then(
      (closed) => {
        for (const id of closed) keeper.closed.add(id)
      },
      (error: unknown) => {
        // Looked for again with the next tick.
        if (!isCancellation(error)) keeper.trouble = messageOf(error)
      },
    )
  return scope
}

/** Effects: never in the task that decides them. */
export function runActivities(summary: string) {
  return proxyActivities<PipelineActivities>({
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '20 seconds',
    summary,
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 10_000 },
  })
}
