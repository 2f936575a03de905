import type { WireJobRun } from '../client/index.ts'
import { isTerminalStatus, jobRunStatuses } from '../contract/index.ts'
import type { Wait } from './types.ts'

/** What is waited for, and what each answer means for it. Pure; instants are the poller's clock. */

export interface Entry {
  readonly jobRunId: string
  readonly waits: Map<string, Wait>
  createdAt: string
  readonly addedMs: number
  /** When it was last seen to be active; before that, when it was added. */
  lookedMs: number
  /** Not looked at before this. */
  notBeforeMs: number
  isLooked: boolean
  /** Since when the server says that it knows no such run. */
  missingMs: number | undefined
  /** Since when it has a status that the reference does not know: no list of active runs has it. */
  unknownMs: number | undefined
  isWarned: boolean
}

/** What an answer ended. */
export type Ending = { entry: Entry; run: WireJobRun }

export interface Table {
  readonly byRun: Map<string, Entry>
  readonly runOfWait: Map<string, string>
}

export function createTable(): Table {
  return { byRun: new Map(), runOfWait: new Map() }
}

const firstLookMs = 250
const shortestMs = 500
const longestMs = 30_000
/** Of how long it has been waited for. */
const share = 0.1
/** A list of so many runs takes its time to be read: its share of a processor is bounded. */
const msPerListed = 0.6

/** What a run is waited for anew: when it is to be looked at next. */
export function dueMs(entry: Entry, listed: number): number {
  const { addedMs, lookedMs, isLooked, notBeforeMs } = entry
  if (!isLooked) return Math.max(addedMs + firstLookMs, notBeforeMs)
  const stretched = Math.min(Math.max((lookedMs - addedMs) * share, shortestMs), longestMs)
  return Math.max(lookedMs + Math.max(stretched, listed * msPerListed), notBeforeMs)
}

export function addWait(table: Table, wait: Wait, nowMs: number): void {
  removeWait(table, wait.id)
  const entry = table.byRun.get(wait.jobRunId) ?? {
    jobRunId: wait.jobRunId,
    waits: new Map<string, Wait>(),
    createdAt: wait.createdAt,
    addedMs: nowMs,
    lookedMs: nowMs,
    notBeforeMs: 0,
    isLooked: false,
    missingMs: undefined,
    unknownMs: undefined,
    isWarned: false,
  }
  entry.createdAt ||= wait.createdAt
  entry.waits.set(wait.id, wait)
  table.byRun.set(wait.jobRunId, entry)
  table.runOfWait.set(wait.id, wait.jobRunId)
}

export function removeWait(table: Table, id: string): void {
  const entry = table.byRun.get(table.runOfWait.get(id) ?? '')
  table.runOfWait.delete(id)
  entry?.waits.delete(id)
  if (entry?.waits.size === 0) table.byRun.delete(entry.jobRunId)
}

function removeEntry(table: Table, entry: Entry): void {
  table.byRun.delete(entry.jobRunId)
  for (const id of entry.waits.keys()) table.runOfWait.delete(id)
}

/** A run as the server shows it now. Its end, if that is one; an end stays an end whatever comes later. */
export function sawRun(table: Table, run: WireJobRun, nowMs: number): Ending | undefined {
  const entry = table.byRun.get(run.uuid)
  if (!entry) return undefined
  entry.createdAt ||= run.created_at
  if (isTerminalStatus(run.status)) {
    removeEntry(table, entry)
    return { entry, run }
  }
  const isKnown = (jobRunStatuses as readonly string[]).includes(run.status)
  Object.assign(entry, {
    lookedMs: nowMs,
    isLooked: true,
    missingMs: undefined,
    unknownMs: isKnown ? undefined : (entry.unknownMs ?? nowMs),
  })
  return undefined
}

/** Missing so often and for so long, a run is gone. */
export function sawMissing(
  table: Table,
  jobRunId: string,
  nowMs: number,
  listingMs: number,
): Entry | undefined {
  const entry = table.byRun.get(jobRunId)
  if (!entry) return undefined
  const since = entry.missingMs ?? nowMs
  Object.assign(entry, { lookedMs: nowMs, isLooked: true, missingMs: since })
  const isOld = nowMs - entry.addedMs >= listingMs
  if (!isOld || nowMs - since < Math.min(listingMs, 5_000)) return undefined
  removeEntry(table, entry)
  return entry
}
