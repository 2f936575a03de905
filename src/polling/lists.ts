import { instantMs } from '../base/instant.ts'
import type { ListKind, ListQuery } from './looks.ts'
import { backoffMs } from './pace.ts'
import type { Watched } from './watched.ts'

const activeStatuses: NonNullable<ListQuery['statuses']> = ['pending', 'running', 'paused']
const endedStatuses: NonNullable<ListQuery['statuses']> = ['completed', 'failed', 'cancelled']

/** Reading lists of one kind takes at most this share of a core. */
const shareOfCore = 0.025
const samplesKept = 8
const firstBlockMs = 5_000
const longestBlockMs = 10 * 60_000
/** What a server refuses it may learn one day. */
const refusedMs = 10 * 60_000

/** How a list is asked for; the first is the best, the others are for servers that refuse or misread it. */
export type ListForm = 'statuses_since' | 'statuses' | 'since' | 'all'
const forms: Readonly<Record<ListKind, readonly ListForm[]>> = {
  active: ['statuses', 'since', 'all'],
  ended: ['statuses_since', 'statuses'],
}

/** What is known of one kind of list on a server. Pure, but for what it remembers. */
export class ListHabits {
  readonly #kind: ListKind
  #form = 0
  #lastSentMs = Number.NEGATIVE_INFINITY
  #restedMs = Number.NEGATIVE_INFINITY
  #blockedMs = Number.NEGATIVE_INFINITY
  #isRefused = false
  #strikes = 0
  readonly #cpuMsPerItem: number[] = []
  pages = 1

  constructor(kind: ListKind) {
    this.#kind = kind
  }

  get form(): ListForm {
    return forms[this.#kind][this.#form] ?? 'all'
  }

  /** Whether it shows one kind of run only. */
  get isFiltered(): boolean {
    return this.form === 'statuses' || this.form === 'statuses_since'
  }

  /** The earliest time to ask for it. */
  allowedMs(minimum: number): number {
    return Math.max(this.#blockedMs, this.#restedMs, this.#lastSentMs + minimum)
  }

  query(runs: readonly Watched[]): ListQuery {
    const statuses = this.#kind === 'active' ? activeStatuses : endedStatuses
    const since = this.form === 'since' || this.form === 'statuses_since' ? oldest(runs) : ''
    return { ...(this.isFiltered ? { statuses } : {}), ...(since === '' ? {} : { created_after: since }) }
  }

  /** A list has been read, all its pages. */
  read(size: { pages: number; items: number; cpuMs: number }, sentMs: number, nowMs: number): void {
    this.pages = size.pages
    this.#lastSentMs = sentMs
    if (size.items > 0) {
      this.#cpuMsPerItem.push(size.cpuMs / size.items)
      if (this.#cpuMsPerItem.length > samplesKept) this.#cpuMsPerItem.shift()
    }
    // Other work runs on the same thread meanwhile: the least is nearest to what reading itself costs.
    const perItem = this.#cpuMsPerItem.length > 0 ? Math.min(...this.#cpuMsPerItem) : 0
    // A server that takes long for it is left alone for as long.
    this.#restedMs = nowMs + Math.max((size.items * perItem) / shareOfCore, nowMs - sentMs)
  }

  /** It told something that was asked for. */
  useful(): void {
    this.#strikes = 0
    this.#isRefused = false
  }

  /** It cost a request, and told nothing. @returns how often in a row */
  useless(nowMs: number): number {
    this.#strikes += 1
    this.#form = 0
    this.#blockedMs = nowMs + backoffMs(this.#strikes, firstBlockMs, longestBlockMs)
    return this.#strikes
  }

  /** The next form is tried, if there is one; else none for a while. @returns whether there is one */
  refused(nowMs: number): boolean {
    this.#form = (this.#form + 1) % forms[this.#kind].length
    this.#isRefused = this.#form === 0
    if (this.#isRefused) this.#blockedMs = nowMs + refusedMs
    return !this.#isRefused
  }

  /** It showed nothing of what it should have. @returns whether there is another form to ask in */
  misread(): boolean {
    if (this.#form + 1 >= forms[this.#kind].length) return false
    this.#form += 1
    return true
  }

  /** The server was away: what failed meanwhile says nothing of its lists. */
  forgive(): void {
    if (this.#isRefused) return
    this.#strikes = 0
    this.#blockedMs = Number.NEGATIVE_INFINITY
    this.#restedMs = Number.NEGATIVE_INFINITY
  }
}

/** The earliest creation as the server wrote it; '' when one is unknown. */
function oldest(runs: readonly Watched[]): string {
  let found = ''
  let foundMs = Number.POSITIVE_INFINITY
  for (const { createdAt } of runs) {
    const ms = instantMs(createdAt)
    if (Number.isNaN(ms)) return ''
    if (ms < foundMs) [found, foundMs] = [createdAt, ms]
  }
  return found
}

/** Lists that reach back no further are short anyway. */
const shortReachMs = 30_000

/**
 * Runs so much older than the others that a list which reached back to them would mostly show strangers: at most `few`, to be got
 * by themselves. Those whose creation is unknown are among them.
 * @param newestMs the youngest run that is known of, by the server's clock
 */
export function outliers(runs: readonly Watched[], newestMs: number, few: number): Watched[] {
  const reach = (run: Watched) => newestMs - instantMs(run.createdAt)
  const sorted = runs
    .map((run) => ({ run, reachMs: reach(run) }))
    .map(({ run, reachMs }) => ({ run, reachMs: Number.isNaN(reachMs) ? Number.POSITIVE_INFINITY : reachMs }))
    .toSorted((a, b) => b.reachMs - a.reachMs)
  if (sorted.every(({ reachMs }) => reachMs === Number.POSITIVE_INFINITY)) return []
  const whole = sorted[0]?.reachMs ?? 0
  if (whole < shortReachMs) return []
  for (let count = 1; count <= few && count < sorted.length; count++) {
    const rest = sorted[count]?.reachMs ?? whole
    if (rest < whole / 2) return sorted.slice(0, count).map(({ run }) => run)
  }
  return []
}
