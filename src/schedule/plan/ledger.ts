import type { TickOutcome, TickReason, TickRow } from '../../contract/schedules/view.ts'

/*
 * The ledger as it is kept: facts, which need no clock and no zone to be read. Of several entries for one nominal time the last one
 * counts, but a manual one, which is a row of its own.
 */

/** A tick is late when it is decided more than this after it was due: so long may a worker that is replaced be away. */
export const graceMs = 10_000

/** What became of one nominal time, or of several neighbours that fared alike. */
export interface LedgerEntry {
  nominalMs: number
  /** Of the next ones, if any: `[gap in milliseconds, how often]`, one after the other. */
  more?: [gapMs: number, times: number][]
  /** How much later than its nominal time each is due; absent where each is due at its nominal time. */
  jitterMs?: number[]
  decidedAtMs: number
  outcome: TickOutcome
  reason: TickReason | null
  /** Of the run that was started. Never of several neighbours. */
  run: string | null
  /** Of the schedule, as it was then. */
  revision: number
}

const longestJitters = 200

/** Adds to a ledger what was decided: neighbours that fared alike are one entry. */
export function append(ledger: readonly LedgerEntry[], entries: readonly LedgerEntry[]): LedgerEntry[] {
  const all = [...ledger]
  for (const entry of entries) {
    const last = all.at(-1)
    const joined = last && join(last, entry)
    if (joined) all[all.length - 1] = joined
    else all.push(entry)
  }
  return all
}

function join(last: LedgerEntry, next: LedgerEntry): LedgerEntry | undefined {
  const isAlike =
    last.outcome === next.outcome &&
    last.reason === next.reason &&
    last.decidedAtMs === next.decidedAtMs &&
    last.revision === next.revision &&
    last.run === null &&
    next.run === null &&
    next.more === undefined &&
    (last.jitterMs?.length ?? 0) < longestJitters
  const gapMs = next.nominalMs - lastNominalOf(last)
  if (!isAlike || gapMs <= 0) return undefined
  const more = last.more ?? []
  const step = more.at(-1)
  const isSameGap = step?.[0] === gapMs
  const jitter =
    (last.jitterMs ?? next.jitterMs) ? { jitterMs: [...jittersOf(last), ...jittersOf(next)] } : {}
  return {
    ...last,
    more: isSameGap ? [...more.slice(0, -1), [gapMs, step[1] + 1]] : [...more, [gapMs, 1]],
    ...jitter,
  }
}

function jittersOf(entry: LedgerEntry): number[] {
  return entry.jitterMs ?? Array.from({ length: countOf([entry]) }, () => 0)
}

function lastNominalOf({ nominalMs, more = [] }: LedgerEntry): number {
  return more.reduce((sum, [gapMs, times]) => sum + gapMs * times, nominalMs)
}

/** Nominal times of an entry, oldest first. */
export function nominalsOf({ nominalMs, more = [] }: LedgerEntry): number[] {
  const all = [nominalMs]
  let last = nominalMs
  for (const [gapMs, times] of more)
    for (let n = 0; n < times; n += 1) {
      last += gapMs
      all.push(last)
    }
  return all
}

/** How many nominal times entries are about; one that has several entries counts for each. */
export function countOf(entries: readonly LedgerEntry[]): number {
  return entries.reduce(
    (sum, { more = [] }) => sum + 1 + more.reduce((part, [, times]) => part + times, 0),
    0,
  )
}

/**
 * One row for each nominal time, oldest first.
 * @param entries in the order in which they were written
 * @param range of nominal times: from `fromMs` on, before `untilMs`
 */
export function expand(
  schedule: string,
  entries: readonly LedgerEntry[],
  { fromMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = {},
): TickRow[] {
  const rows = new Map<string, { atMs: number; row: TickRow }>()
  for (const entry of entries)
    nominalsOf(entry).forEach((atMs, index) => {
      if (atMs < fromMs || atMs >= untilMs) return
      const dueMs = atMs + (entry.jitterMs?.[index] ?? 0)
      const lateMs = entry.decidedAtMs - dueMs
      const row = {
        schedule,
        nominal_at: iso(atMs),
        due_at: iso(dueMs),
        decided_at: iso(entry.decidedAtMs),
        outcome: entry.outcome,
        reason: entry.reason,
        run: entry.run,
        late_seconds: isLate(entry, lateMs) ? Math.round(lateMs / 1_000) : null,
      }
      rows.set(entry.outcome === 'manual' ? `manual ${entry.run}` : String(atMs), { atMs, row })
    })
  return [...rows.values()].toSorted((a, b) => a.atMs - b.atMs).map(({ row }) => row)
}

/** What nobody was to decide in time is not late. */
function isLate({ outcome }: LedgerEntry, lateMs: number): boolean {
  return outcome !== 'manual' && outcome !== 'paused' && outcome !== 'backfilled' && lateMs > graceMs
}

const iso = (ms: number) => new Date(ms).toISOString()
