import type { SimulatedTick } from '../../contract/schedules/view.ts'
import {
  createScheduleState,
  decide,
  nextDueMs,
  openLimit,
  type ScheduleRequest,
  type ScheduleState,
  type Tick,
} from '../plan/index.ts'

/** What becomes of a tick, without its place in a zone. */
export type Played = Omit<SimulatedTick, 'local_at'>

/**
 * Plays a schedule as its keeper would decide it, if nothing else happened and each run took `assumeMs`; undefined: none is ever in the
 * way of another.
 */
export function play(
  { name, overlap, catchUp }: Pick<ScheduleRequest, 'name' | 'overlap' | 'catchUp'>,
  ticks: readonly Tick[],
  assumeMs: number | undefined,
): Played[] {
  const rows = new Map(ticks.map((tick) => [tick.nominalMs, rowOf(tick)]))
  const by = { name, overlap, catchUp }
  let state: ScheduleState = createScheduleState((ticks[0]?.nominalMs ?? 0) - 1)
  let taken = 0
  /** When open runs end, by their ids. */
  const ends = new Map<string, { atMs: number; row: Played | undefined }>()
  for (;;) {
    const nowMs = nextMoment(ticks[taken], state, [...ends.values()])
    if (nowMs === undefined) return [...rows.values()]
    const now = ticks.slice(taken, countUntil(ticks, taken, nowMs))
    taken += now.length
    const closed = [...ends].flatMap(([id, { atMs }]) => (atMs <= nowMs ? [id] : []))
    for (const id of closed) ends.delete(id)
    const coveredFromMs = Number.NEGATIVE_INFINITY
    const look = { nowMs, ticks: now, untilMs: nowMs, closed, coveredFromMs, openLimit }
    const { entries, actions, ...decided } = decide(state, by, look)
    state = decided.state
    for (const entry of entries) {
      const row = rows.get(entry.nominalMs)
      if (row) Object.assign(row, { outcome: entry.outcome, reason: entry.reason })
    }
    for (const action of actions) {
      if (action.kind === 'start') {
        const row = rows.get(action.nominalMs)
        const atMs = nowMs + (assumeMs ?? 0)
        ends.set(action.runId, { atMs, row })
        if (row)
          Object.assign(row, {
            starts_at: iso(nowMs),
            ...(assumeMs === undefined ? {} : { ends_at: iso(atMs) }),
          })
      } else {
        const run = ends.get(action.runId)
        ends.set(action.runId, { atMs: nowMs, row: run?.row })
        if (run?.row) Object.assign(run.row, { ends_at: iso(nowMs), cancelled: true })
      }
    }
  }
}

function rowOf({ nominalMs, dueMs, dst }: Tick): Played {
  return {
    nominal_at: iso(nominalMs),
    due_at: iso(dueMs),
    dst: dst ?? null,
    outcome: 'skipped',
    reason: null,
    starts_at: null,
    ends_at: null,
    cancelled: false,
  }
}

/** When there is something to decide next; undefined when all is decided. */
function nextMoment(
  next: Tick | undefined,
  state: ScheduleState,
  runs: readonly { atMs: number }[],
): number | undefined {
  const isWaitedFor = next !== undefined || state.waiting.length > 0 || state.queue.length > 0
  const moments = [
    ...(next === undefined ? [] : [next.nominalMs]),
    ...[nextDueMs(state)].filter((at) => at !== undefined),
    ...(isWaitedFor ? runs.map(({ atMs }) => atMs) : []),
  ]
  return moments.length === 0 ? undefined : Math.min(...moments)
}

function countUntil(ticks: readonly Tick[], from: number, nowMs: number): number {
  let index = from
  while ((ticks[index]?.nominalMs ?? Number.POSITIVE_INFINITY) <= nowMs) index += 1
  return index
}

const iso = (ms: number) => new Date(ms).toISOString()
