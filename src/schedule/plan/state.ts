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
  /** Tells its runs from those of a schedule of this name in another workspace. '' until it is known. */
  tag: string
  clock: ClockState
  /** The last execution of the keeper before this one, which was ended or deleted: the ledger goes on there. Carried along. */
  earlierExecution?: string
  /** Of this execution, oldest first. */
  entries: LedgerEntry[]
  /** The last one of all. */
  last: LedgerEntry | null
}

/** What is known of Temporal's schedule, which wakes the keeper. */
export interface ClockState {
  /** It acted for a time from `fromMs` to `toMs`: what is undecided from there on is to be decided. */
  woken: { fromMs: number; toMs: number } | null
  /** It is to be written anew, since then. */
  syncSinceMs: number | null
  /** Then it is to be written anew, before its times run out. */
  renewAtMs: number | null
  /** A person resumes: a pause by hand of Temporal's schedule ends, too. */
  isResuming: boolean
  /** Paused by hand in Temporal, as of the last look. */
  isHandPaused: boolean
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

/** @param fromMs nothing before it is due; Temporal's schedule is yet to be written */
export function createScheduleState(fromMs: number): ScheduleState {
  return {
    revision: 1,
    takenUntilMs: fromMs,
    waiting: [],
    queue: [],
    open: [],
    pause: null,
    tag: '',
    clock: { woken: null, syncSinceMs: fromMs, renewAtMs: null, isResuming: false, isHandPaused: false },
    entries: [],
    last: null,
  }
}
