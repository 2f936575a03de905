import { ListHabits } from './lists.ts'
import type { ListKind, ListQuery } from './looks.ts'
import { minimumMs } from './pace.ts'
import type { PollWarning, WaitEnd } from './types.ts'
import type { Watched } from './watched.ts'

/** So many are got one by one rather than by a list. */
export const few = 3

/** One list, with all its pages. */
export interface Round {
  of: ListKind
  serial: number
  query: ListQuery
  /** Its first page's. */
  sentMs: number
  isAsked: boolean
  /** When the present page was asked for. */
  askedMs: number
  cursor: string | undefined
  pages: number
  items: number
  unreadable: number
  cpuMs: number
  /** Of ended ones: the runs that it is to tell of. */
  asked: readonly Watched[]
  /** Those among the runs it is made for that lists have shown before. */
  expected: number
  /** Watched runs that it told something of. */
  found: number
}

/** All that is remembered between two looks. */
export interface State {
  readonly requestsPerSecond: number
  readonly listingMs: number
  readonly runs: Map<string, Watched>
  /** Ended ones that somebody has still to be told of: since when, and whether they were said to have gone back. */
  readonly over: Map<string, { atMs: number; isReported: boolean }>
  readonly lists: Readonly<Record<ListKind, ListHabits>>
  round: Round | undefined
  serial: number
  /** Requests since the last list of active runs began, for what it brought up and for itself. */
  cycle: number
  cycleMs: number
  /** Runs that a list of active ones lacked, and that were active, since one last had any. */
  wrongs: number
  /** "No such run" in a row, of runs that there were. */
  misses: number
  /** The youngest creation known, by the server's clock. */
  newestMs: number
  /** The last usable answer of any kind but "no such run". */
  lastGoodMs: number
  /** A request has failed since the last one that did not: one at a time now. */
  isDoubtful: boolean
  /** When it was last warned of something. */
  readonly said: Map<PollWarning['kind'], number>
}

/** What an answer means for those outside. */
export interface Outcome {
  ends: { key: string; end: WaitEnd }[]
  warnings: PollWarning[]
}

export function emptyState(requestsPerSecond: number, listingMs: number): State {
  return {
    requestsPerSecond,
    listingMs,
    runs: new Map(),
    over: new Map(),
    lists: { active: new ListHabits('active'), ended: new ListHabits('ended') },
    round: undefined,
    serial: 0,
    cycle: 0,
    cycleMs: Number.NEGATIVE_INFINITY,
    wrongs: 0,
    misses: 0,
    newestMs: Number.NEGATIVE_INFINITY,
    lastGoodMs: Number.NEGATIVE_INFINITY,
    isDoubtful: false,
    said: new Map(),
  }
}

export function minimumOf({ requestsPerSecond, lists }: State): number {
  return minimumMs(requestsPerSecond, lists.active.pages)
}
