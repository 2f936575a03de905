import { dueMs, type Entry, type Table } from './table.ts'

/** What to ask next. Pure. */

export type Look =
  /** Nothing before that. */
  | { kind: 'rest'; untilMs: number }
  | { kind: 'runs'; entries: Entry[] }
  /** All active runs; what is in it has not ended. */
  | { kind: 'active' }

/** Fewer than this are asked for one by one. */
export const few = 3

export interface ListUse {
  /** Whether lists are of any use at present. */
  isOn: boolean
  /** How many runs the last one had. */
  listed: number
  /** Whether they show runs of a status that the reference does not know. */
  showsUnknown: boolean
}

export function chooseLook(table: Table, nowMs: number, { isOn, listed, showsUnknown }: ListUse): Look {
  let earliestMs = Number.POSITIVE_INFINITY
  const due: Entry[] = []
  for (const entry of table.byRun.values()) {
    const atMs = dueMs(entry, isOn ? listed : 0)
    if (atMs <= nowMs) due.push(entry)
    else earliestMs = Math.min(earliestMs, atMs)
  }
  if (due.length === 0) return { kind: 'rest', untilMs: earliestMs }
  const listable = showsUnknown ? due : due.filter(({ unknownMs }) => unknownMs === undefined)
  if (isOn && listable.length > few) return { kind: 'active' }
  return { kind: 'runs', entries: longestAgo(due) }
}

/** Of those that no list shows: some at a time, so that each has its turn. */
export function longestAgo(entries: readonly Entry[]): Entry[] {
  if (entries.length <= few) return [...entries]
  return entries.toSorted((a, b) => a.lookedMs - b.lookedMs).slice(0, few)
}

/** The oldest of them, as the server dates it; undefined when it dates not all of them. */
export function oldestOf(entries: readonly Entry[]): string | undefined {
  let oldest: { text: string; ms: number } | undefined
  for (const { createdAt } of entries) {
    const ms = Date.parse(/Z$|[+-]\d\d:?\d\d$/.test(createdAt) ? createdAt : `${createdAt}Z`)
    if (Number.isNaN(ms)) return undefined
    if (!oldest || ms < oldest.ms) oldest = { text: createdAt, ms }
  }
  return oldest?.text
}
