import type {
  BackfillLine,
  BackfillOrder,
  BackfillScope,
  BackfillStatus,
  BackfillView,
  LeaveReason,
  TickRunStatus,
} from '../../contract/schedules/backfills.ts'
import { type Tick, whyDropped } from './definition.ts'

/*
 * A backfill: the ticks of a range, one after the other. What of it is kept is as small with ten ticks as with ten thousand: how far
 * it has come, which runs are open, and counts.
 */

/** What a backfill is asked for. The beginning belongs to its range, the end does not. */
export interface BackfillRequest {
  fromMs: number
  untilMs: number
  only: BackfillScope
  order: BackfillOrder
  /** How many of its runs are open at once; other runs of the schedule do not count. */
  maxActive: number
}

/** The newest run of a tick. */
export interface TickRun {
  id: string
  status: TickRunStatus
  /** Of the backfill that started it. */
  backfill?: string
}

export type TickDecision = { action: 'run' } | { action: 'leave'; reason: LeaveReason }

/** What becomes of a tick. A tick that has an open run never gets a second one. */
export function decideTick(tick: Tick, newest: TickRun | undefined, only: BackfillScope): TickDecision {
  const leave = (reason: LeaveReason): TickDecision => ({ action: 'leave', reason })
  if (tick.isDropped) return leave(whyDropped(tick))
  if (!newest) return only === 'failed' ? leave('no_run') : { action: 'run' }
  if (newest.status === 'open') return leave('open')
  if (only === 'missing') return leave('exists')
  if (only === 'failed' && newest.status === 'completed') return leave('completed')
  return { action: 'run' }
}

/** The ticks in the order in which they are taken, from the one after `after` on. */
export function ticksInOrder(ticks: readonly Tick[], order: BackfillOrder, after: number | null): Tick[] {
  if (order === 'oldest') return ticks.filter(({ nominalMs }) => after === null || nominalMs > after)
  return ticks.filter(({ nominalMs }) => after === null || nominalMs < after).reverse()
}

/**
 * Runs of a tick beyond its own. They are numbered, so that two backfills that want another run of the same tick ask for the same id,
 * and one of them gets it.
 * @param ordinal 1: the tick's own
 */
export function tickRunId(ownId: string, ordinal: number): string {
  return ordinal === 1 ? ownId : `${ownId}-r${ordinal}`
}

/** How a run of a tick stands, by Temporal's word for its workflow. */
export function tickRunStatus(temporalStatus: string): TickRunStatus {
  switch (temporalStatus) {
    case 'COMPLETED':
      return 'completed'
    case 'CANCELLED':
      return 'cancelled'
    case 'FAILED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'failed'
    default:
      return 'open'
  }
}

export interface NewestRun {
  run: TickRun
  /** 1: the tick's own. */
  ordinal: number
}

/** The last of the runs that a tick has. */
export async function newestRun(
  look: (runId: string) => Promise<TickRun | undefined>,
  ownId: string,
): Promise<NewestRun | undefined> {
  let newest: NewestRun | undefined
  for (let ordinal = 1; ; ordinal += 1) {
    const run = await look(tickRunId(ownId, ordinal))
    if (!run) return newest
    newest = { run, ordinal }
  }
}

export interface BackfilledRun {
  nominalMs: number
  runId: string
}

export interface EndedRun {
  runId: string
  status: Exclude<TickRunStatus, 'open'>
}

/** What an attempt to go on came to. */
export interface Advance {
  /** Of the whole range. */
  ticks: number
  /** The nominal time of the last tick that was looked at; null where there was none. */
  cursor: number | null
  isAtEnd: boolean
  started: BackfilledRun[]
  left: Partial<Record<LeaveReason, number>>
}

/** What a backfill keeps, across all its executions. */
export interface BackfillState {
  startedAtMs: number
  ticks: number
  cursor: number | null
  isAtEnd: boolean
  open: BackfilledRun[]
  left: Partial<Record<LeaveReason, number>>
  ended: Record<EndedRun['status'], number>
  failures: (BackfilledRun & { status: 'failed' | 'cancelled' })[]
  /** While it is paused: why, and by whom. */
  paused?: string
  cancelRequestedAtMs?: number
  finishedAtMs?: number
}

const shownFailures = 50

export function createBackfillState(startedAtMs: number, ticks: number): BackfillState {
  return {
    startedAtMs,
    ticks,
    cursor: null,
    isAtEnd: false,
    open: [],
    left: {},
    ended: { completed: 0, failed: 0, cancelled: 0 },
    failures: [],
  }
}

/** What is to be done now. `rest`: nothing, until somebody says so. */
export type BackfillStep = 'start' | 'await' | 'rest' | 'cancel' | 'end'

export function nextStep(state: BackfillState, { maxActive }: BackfillRequest): BackfillStep {
  if (state.cancelRequestedAtMs !== undefined) return state.open.length > 0 ? 'cancel' : 'end'
  const mayStart = !state.isAtEnd && state.paused === undefined && state.open.length < maxActive
  if (mayStart) return 'start'
  if (state.open.length > 0) return 'await'
  return state.isAtEnd ? 'end' : 'rest'
}

export function noteAdvance(state: BackfillState, { ticks, cursor, isAtEnd, started, left }: Advance): void {
  state.ticks = ticks
  state.cursor = cursor ?? state.cursor
  state.isAtEnd = isAtEnd
  state.open.push(...started)
  for (const [reason, count] of Object.entries(left) as [LeaveReason, number][])
    state.left[reason] = (state.left[reason] ?? 0) + count
}

/** Of runs that are not open any more nothing is heard a second time. */
export function noteEnds(state: BackfillState, ends: readonly EndedRun[]): void {
  for (const { runId, status } of ends) {
    const run = state.open.find((each) => each.runId === runId)
    if (!run) continue
    state.open = state.open.filter((each) => each !== run)
    state.ended[status] += 1
    if (status !== 'completed' && state.failures.length < shownFailures)
      state.failures.push({ ...run, status })
  }
}

export function backfillStatus(state: BackfillState): BackfillStatus {
  const isOver = state.finishedAtMs !== undefined
  if (state.cancelRequestedAtMs !== undefined) return isOver ? 'cancelled' : 'cancelling'
  if (!isOver) return state.paused === undefined ? 'running' : 'paused'
  return state.ended.failed + state.ended.cancelled > 0 ? 'failed' : 'completed'
}

/** Whose backfill it is, and of what. */
export interface BackfillIdentity {
  id: string
  schedule: string
  pipeline: string
  workspace?: string | undefined
  owner?: string | undefined
}

const iso = (ms: number): string => new Date(ms).toISOString()

export function viewBackfill(
  { id, schedule, pipeline, workspace, owner }: BackfillIdentity,
  { fromMs, untilMs, only, order, maxActive }: BackfillRequest,
  state: BackfillState,
): BackfillView {
  const { ended, open, left } = state
  const leftCount = Object.values(left).reduce((sum, count) => sum + count, 0)
  const looked = leftCount + open.length + ended.completed + ended.failed + ended.cancelled
  // What is known of time zones may change on the way: the sum holds all the same.
  const ticks = Math.max(state.ticks, looked)
  const runView = ({ nominalMs, runId }: BackfilledRun) => ({ nominal_at: iso(nominalMs), run: runId })
  return {
    id,
    schedule,
    from: iso(fromMs),
    until: iso(untilMs),
    only,
    order,
    max_active: maxActive,
    pipeline,
    workspace: workspace ?? null,
    owner: owner ?? null,
    status: backfillStatus(state),
    started_at: iso(state.startedAtMs),
    finished_at: state.finishedAtMs === undefined ? null : iso(state.finishedAtMs),
    paused_because: state.paused ?? null,
    counts: { ticks, waiting: ticks - looked, left: leftCount, open: open.length, ...ended },
    left_because: left,
    open_runs: open.map(runView),
    failures: state.failures.map(({ status, ...run }) => ({ ...runView(run), status })),
    warnings: [],
  }
}

/** A line of the plan. */
export function planLine(tick: Tick, newest: TickRun | undefined, only: BackfillScope): BackfillLine {
  const decision = decideTick(tick, newest, only)
  return {
    nominal_at: iso(tick.nominalMs),
    run: newest?.id ?? null,
    status: newest?.status ?? null,
    action: decision.action,
    reason: decision.action === 'leave' ? decision.reason : null,
  }
}
