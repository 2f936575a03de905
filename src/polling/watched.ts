import { type JobRunStatus, jobRunStatuses, uuidPattern } from '../contract/index.ts'

/** A run that somebody waits for. Times are of the poller's own clock. */
export interface Watched {
  readonly key: string
  readonly jobRunId: string
  createdAt: string
  readonly addedMs: number
  /** When the last answer that showed it active was asked for. */
  lookedMs: number
  /** When it is to be looked at again. */
  dueMs: number
  /** It is being got. */
  isAsked: boolean
  /**
   * `vanished`: not in the last list of active runs; one of ended runs may say more. `alone`: only itself can tell.
   * Neither is an end.
   */
  doubt: 'none' | 'vanished' | 'alone'
  /** Lists have shown it before. */
  wasListed: boolean
  /** Active, and yet not in a list that should have had it: it is got by itself until a list shows it. */
  isUnlisted: boolean
  /** Lists in a row, of active and ended runs together, that did not have it. */
  absences: number
  /** The round of lists that last showed it, or asked for its end. */
  round: number
  /** Since when, and how often in a row, the server has answered that there is no such run. */
  missing: { sinceMs: number; times: number } | undefined
  /** A status that the reference does not have. */
  strange: { status: string; sinceMs: number; isReported: boolean } | undefined
  /** Looks at it alone in a row that failed. */
  failures: number
}

/** The same id is the same text: UUIDs in lower case. */
export function keyOf(jobRunId: string): string {
  return uuidPattern.test(jobRunId) ? jobRunId.toLowerCase() : jobRunId
}

export function watch(jobRunId: string, createdAt: string, addedMs: number, dueMs: number): Watched {
  return {
    key: keyOf(jobRunId),
    jobRunId,
    createdAt,
    addedMs,
    lookedMs: Number.NEGATIVE_INFINITY,
    dueMs,
    isAsked: false,
    doubt: 'none',
    wasListed: false,
    isUnlisted: false,
    absences: 0,
    round: 0,
    missing: undefined,
    strange: undefined,
    failures: 0,
  }
}

/** Whether a list may be relied on to show it. */
export function isListable({ doubt, isUnlisted, missing }: Watched): boolean {
  return doubt === 'none' && !isUnlisted && missing === undefined
}

export function isKnownStatus(status: string): status is JobRunStatus {
  return (jobRunStatuses as readonly string[]).includes(status)
}
