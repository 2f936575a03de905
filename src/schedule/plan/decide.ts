import type { TickOutcome, TickReason } from '../../contract/schedules/view.ts'
import { type ScheduleDefinition, type Tick, whyDropped } from './definition.ts'
import { graceMs, type LedgerEntry } from './ledger.ts'
import type { PendingTick, ScheduleState } from './state.ts'

/** Ticks that wait for an open run, with `queue`. */
const queueLimit = 1_000
/** With `allow`, more open runs are not remembered. An edit to it fires all that wait in a queue at once. */
export const openLimit = 2 * queueLimit

/** What is known when ticks are decided. */
export interface Look {
  nowMs: number
  /** All whose nominal time is after `takenUntilMs` and not after `untilMs`, oldest first. */
  ticks: readonly Tick[]
  untilMs: number
  /** There are more until now: they come with the next look. */
  isPartial?: boolean
  /** So many open runs are remembered. */
  openLimit: number
  /** Runs that were open, and are over. */
  closed: readonly string[]
  /**
   * From this nominal time on the clock was seen to run. Earlier ticks are none that it acted for: it was stopped by hand, so they
   * do not fire when it goes on.
   */
  coveredFromMs: number
  /** Temporal's schedule is paused, and not by its keeper. */
  isHandPaused?: boolean
}

export type ScheduleAction =
  | { kind: 'start'; runId: string; nominalMs: number }
  | { kind: 'cancel'; runId: string }

export interface Decision {
  state: ScheduleState
  /** For the ledger, in the order in which it was decided. */
  entries: LedgerEntry[]
  actions: ScheduleAction[]
}

export type DecideBy = Pick<ScheduleDefinition, 'name' | 'overlap' | 'catchUp'>

/** What becomes of ticks: each is decided once, in the order of their nominal times. */
export function decide(before: ScheduleState, by: DecideBy, look: Look): Decision {
  const deciding = begin(before, look)
  const { state } = deciding
  state.open = state.open.filter(({ id }) => !look.closed.includes(id))
  take(deciding, look)
  if (!state.pause) {
    serveQueue(deciding, by)
    for (const { tick, isNewest } of dueNow(state, look)) arrive(deciding, by, { tick, isNewest })
  }
  return deciding
}

/** Ticks that are not to be fired any more: those that wait, and all until now. For a pause, and for the end of a schedule. */
export function letGo(before: ScheduleState, look: Look): Decision {
  const deciding = begin(before, look)
  const { state } = deciding
  for (const tick of [...state.queue, ...state.waiting]) note(deciding, tick, 'paused', 'paused')
  state.queue = []
  state.waiting = []
  for (const tick of look.ticks)
    if (tick.isDropped) noteDropped(deciding, tick)
    else note(deciding, tick, 'paused', 'paused')
  state.takenUntilMs = Math.max(state.takenUntilMs, look.untilMs)
  return deciding
}

interface Deciding extends Decision {
  nowMs: number
  openLimit: number
}

function begin(before: ScheduleState, { nowMs, openLimit }: Look): Deciding {
  const { waiting, queue, open } = before
  const state = { ...before, waiting: [...waiting], queue: [...queue], open: open.map((run) => ({ ...run })) }
  return { state, entries: [], actions: [], nowMs, openLimit }
}

/** What cannot fire is in the ledger at once; the others wait until they are due. */
function take(deciding: Deciding, look: Look): void {
  const { state } = deciding
  for (const tick of look.ticks) {
    const isCovered = tick.nominalMs >= look.coveredFromMs
    if (tick.isDropped) noteDropped(deciding, tick)
    else if (state.pause || (look.isHandPaused && !isCovered)) note(deciding, tick, 'paused', 'paused')
    else if (isCovered) state.waiting.push({ nominalMs: tick.nominalMs, dueMs: tick.dueMs })
    else note(deciding, tick, 'missed', 'outage')
  }
  state.takenUntilMs = Math.max(state.takenUntilMs, look.untilMs)
}

/** One that is due waits for those before it that jitter has put later: they are decided in their order. */
function dueNow(state: ScheduleState, { nowMs, isPartial = false }: Look) {
  const due: PendingTick[] = []
  let lastDueMs = Number.NEGATIVE_INFINITY
  for (const tick of state.waiting) {
    lastDueMs = Math.max(lastDueMs, tick.dueMs)
    if (lastDueMs > nowMs) break
    due.push({ ...tick, dueMs: lastDueMs })
  }
  const ticks = due.map((tick, index) => ({
    tick: { ...tick, ownDueMs: state.waiting[index]?.dueMs ?? tick.dueMs },
    isNewest: !isPartial && index === due.length - 1,
  }))
  state.waiting = state.waiting.slice(due.length)
  return ticks
}

type Due = { tick: PendingTick & { ownDueMs: number }; isNewest: boolean }

/** A tick whose time has come: it is on time, made up for, or missed. */
function arrive(deciding: Deciding, by: DecideBy, { tick, isNewest }: Due): void {
  const { keep, windowMs } = by.catchUp
  const lateMs = deciding.nowMs - tick.dueMs
  const own = { nominalMs: tick.nominalMs, dueMs: tick.ownDueMs }
  const isKept = keep === 'all' || (keep === 'last' && isNewest)
  if (lateMs <= graceMs) meetOpenRuns(deciding, by, own, null)
  else if (lateMs > windowMs) note(deciding, own, 'missed', 'outage')
  else if (isKept) meetOpenRuns(deciding, by, own, 'catch_up')
  else note(deciding, own, 'missed', 'catch_up')
}

/** What becomes of a tick while an earlier run is open. */
function meetOpenRuns(deciding: Deciding, by: DecideBy, tick: PendingTick, reason: 'catch_up' | null): void {
  const { state } = deciding
  const isFree = state.open.length === 0 && state.queue.length === 0
  if (isFree || by.overlap === 'allow') fire(deciding, by, tick, reason)
  else if (by.overlap === 'skip') note(deciding, tick, 'skipped', 'overlap')
  else if (by.overlap === 'cancel_previous') replaceOpen(deciding, tick)
  else enqueue(deciding, tick, by.overlap === 'queue' ? queueLimit : 1)
}

function enqueue(deciding: Deciding, tick: PendingTick, limit: number): void {
  const { queue } = deciding.state
  const hasRoom = queue.length < limit
  if (hasRoom) queue.push(tick)
  note(deciding, tick, hasRoom ? 'buffered' : 'skipped', hasRoom ? 'overlap' : 'buffer_full')
}

/** It waits for the end of what is cancelled for it, and takes the place of one that waited for the same. */
function replaceOpen(deciding: Deciding, tick: PendingTick): void {
  const { state, actions } = deciding
  for (const earlier of state.queue) note(deciding, earlier, 'skipped', 'overlap')
  for (const run of state.open) {
    if (!run.isCancelled) actions.push({ kind: 'cancel', runId: run.id })
    run.isCancelled = true
  }
  state.queue = []
  enqueue(deciding, tick, 1)
}

/** One after the other, each when the one before it is over. */
function serveQueue(deciding: Deciding, by: DecideBy): void {
  const { state } = deciding
  while (state.queue.length > 0 && (state.open.length === 0 || by.overlap === 'allow')) {
    const [first] = state.queue.splice(0, 1)
    if (first) fire(deciding, by, first, 'overlap')
  }
}

function fire(deciding: Deciding, by: DecideBy, tick: PendingTick, reason: TickReason | null): void {
  const { state, actions } = deciding
  const runId = scheduledRunId(by.name, state.tag, tick.nominalMs)
  state.open.push({ id: runId, nominalMs: tick.nominalMs })
  state.open = state.open.slice(-deciding.openLimit)
  actions.push({ kind: 'start', runId, nominalMs: tick.nominalMs })
  note(deciding, tick, 'fired', reason, runId)
}

function noteDropped(deciding: Deciding, tick: Tick): void {
  note(deciding, tick, 'skipped', whyDropped(tick))
}

function note(
  { entries, nowMs, state }: Deciding,
  { nominalMs, dueMs }: PendingTick,
  outcome: TickOutcome,
  reason: TickReason | null,
  run: string | null = null,
): void {
  const jitterMs = dueMs - nominalMs
  const jitter = jitterMs === 0 ? {} : { jitterMs: [jitterMs] }
  entries.push({ nominalMs, ...jitter, decidedAtMs: nowMs, outcome, reason, run, revision: state.revision })
}

/** When the next tick that waits may be decided; undefined while none waits for its time. */
export function nextDueMs({ waiting }: ScheduleState): number | undefined {
  return waiting[0]?.dueMs
}

/** The one run that a tick may have: its id says which, so that no tick can have two. */
export function scheduledRunId(name: string, tag: string, nominalMs: number): string {
  // Seconds are the finest that a schedule knows.
  return `${name}-${new Date(nominalMs).toISOString().replace(/[-:]|\.\d+/g, '')}-${tag}`
}

/** Of a run that a person starts: the same key stands for the same run. */
export function manualRunId(name: string, key: string): string {
  return `${name}-manual-${key}`
}
