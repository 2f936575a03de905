import type { LedgerEntry } from './ledger.ts'

/** Where a schedule stands: plain JSON, carried across continue-as-new. Instants are milliseconds since the epoch. */
export interface ScheduleState {
  /** Counts from 1. */
  revision: number
  /** Every tick whose nominal time is not later was taken: it is in the ledger, or waits to be due. */
  takenUntilMs: number
  /** Taken, and not due yet. */
  waiting: PendingTick[]
  /** Due, and waiting for an open run to end; oldest first. */
  queue: PendingTick[]
  /** Runs that were started, and not yet seen to be over; oldest first. */
  open: OpenRun[]
  pause: Pause | null
  /** Of this execution, oldest first. */
  entries: LedgerEntry[]
  /** The last one of all. */
  last: LedgerEntry | null
}

export interface PendingTick {
  nominalMs: number
  dueMs: number
}

export interface OpenRun {
  id: string
  nominalMs: number
  /** Because a later tick was due. */
  isCancelled?: true
}

/** An apply never lifts the pause of a person. */
export interface Pause {
  origin: 'file' | 'person'
  sinceMs: number
  note?: string
  by?: string
}
