import type { WireJobRun } from '../client/index.ts'
import { isTerminalStatus } from '../contract/index.ts'
import type { Failure, Look } from './looks.ts'
import { backoffMs, intervalMs, longestIntervalMs } from './pace.ts'
import { few, minimumOf, type Outcome, type State } from './state.ts'
import { isKnownStatus, keyOf, type Watched } from './watched.ts'

/** What is learnt about single runs. Pure, but for the state that it changes. */

/** Lists in a row that may lack a run before it is asked for by itself: what was just created may come into them late. */
const absencesBorne = 3
const strangeMs = 10 * 60_000
/** "No such run" has to be said this often and this long before it is believed, whatever else holds. */
const leastMissingTimes = 3
const leastMissingMs = 5_000
/** So much longer than usual it must last where nothing else shows that a Jobs API still answers there. */
const unprovenFactor = 10
const firstRetryMs = 5_000
const longestRetryMs = 5 * 60_000

export function schedule(state: State, run: Watched, nowMs: number): void {
  const interval = intervalMs(nowMs - run.addedMs, minimumOf(state))
  // Each of these costs a request of its own.
  run.dueMs =
    nowMs + (run.isUnlisted ? Math.min(2 * interval, Math.max(longestIntervalMs, interval)) : interval)
}

function end(state: State, run: Watched, nowMs: number): void {
  state.runs.delete(run.key)
  state.over.set(run.key, { atMs: nowMs, isReported: false })
}

/** A run as an answer shows it, in a list or alone. @returns whether it is one that is watched */
export function see(
  state: State,
  shown: WireJobRun,
  { kind, sentMs }: Look,
  nowMs: number,
  outcome: Outcome,
): boolean {
  const key = keyOf(shown.uuid)
  const run = state.runs.get(key)
  if (!run) {
    reportReturn(state, key, shown, sentMs, outcome)
    return false
  }
  // It knew no run any more, and now it does: what was wrong with it was wrong with its lists too.
  if (state.misses > few) for (const list of Object.values(state.lists)) list.forgive()
  state.misses = 0
  if (isTerminalStatus(shown.status)) {
    end(state, run, nowMs)
    outcome.ends.push({ key, end: { kind: 'ended', run: shown } })
    return true
  }
  run.round = state.serial
  run.missing = undefined
  run.failures = 0
  if (sentMs < run.lookedMs) return true
  if (kind === 'list') {
    run.wasListed = true
    run.isUnlisted = false
  } else if (run.doubt !== 'none') {
    run.isUnlisted = true
    if (!run.wasListed) state.wrongs += 1
  }
  run.absences = 0
  run.doubt = 'none'
  run.lookedMs = sentMs
  schedule(state, run, nowMs)
  noteStatus(run, shown.status, nowMs, outcome)
  return true
}

/** The end stays the end. */
function reportReturn(
  state: State,
  key: string,
  { uuid, status }: WireJobRun,
  sentMs: number,
  outcome: Outcome,
): void {
  const over = state.over.get(key)
  if (!over || over.isReported || sentMs <= over.atMs || isTerminalStatus(status)) return
  over.isReported = true
  outcome.warnings.push({
    kind: 'status_went_back',
    jobRunId: uuid,
    message: `job run ${uuid} had ended and is now said to be ${status}; its end stays`,
  })
}

function noteStatus(run: Watched, status: string, nowMs: number, { warnings }: Outcome): void {
  if (isKnownStatus(status)) {
    run.strange = undefined
    return
  }
  if (run.strange?.status !== status) run.strange = { status, sinceMs: nowMs, isReported: false }
  if (run.strange.isReported || nowMs - run.strange.sinceMs < strangeMs) return
  run.strange.isReported = true
  warnings.push({
    kind: 'unknown_status',
    jobRunId: run.jobRunId,
    message: `job run ${run.jobRunId} has been ${JSON.stringify(status.slice(0, 100))} for ten minutes, a status that the Jobs API does not have; it is waited for until it is completed, failed or cancelled`,
  })
}

/** A list of active runs did not have it. That proves nothing, but asks for a closer look. */
export function missInActive(run: Watched, isFiltered: boolean, nowMs: number): void {
  if (run.doubt !== 'none' || (run.missing && !run.wasListed)) return
  if (run.isUnlisted || run.missing) {
    if (isFiltered && run.dueMs <= nowMs) run.doubt = 'vanished'
    return
  }
  run.doubt = isFiltered ? 'vanished' : 'alone'
  run.dueMs = Math.min(run.dueMs, nowMs)
}

/** A list of ended runs did not have it either. */
export function missInEnded(state: State, run: Watched, nowMs: number): void {
  run.absences += 1
  if (run.isUnlisted) {
    run.doubt = 'none'
  } else if (run.wasListed || run.absences >= absencesBorne) {
    run.doubt = 'alone'
  } else {
    run.doubt = 'none'
    run.dueMs = nowMs + minimumOf(state)
  }
}

/** "No such run", when it was asked for by itself. */
export function miss(
  state: State,
  run: Watched,
  { message }: Failure,
  sentMs: number,
  nowMs: number,
  outcome: Outcome,
): void {
  const missing = run.missing ?? { sinceMs: sentMs, times: 0 }
  run.missing = missing
  missing.times += 1
  if (run.lookedMs > run.addedMs) state.misses += 1
  run.doubt = 'none'
  if (isLasting(state, run, nowMs)) {
    end(state, run, nowMs)
    outcome.ends.push({ key: run.key, end: { kind: 'gone', code: 'job_run_gone', message } })
    return
  }
  run.dueMs = nowMs + Math.max(minimumOf(state), Math.min(leastMissingMs, state.listingMs / few))
}

function isLasting(state: State, { missing }: Watched, nowMs: number): boolean {
  if (!missing || missing.times < leastMissingTimes) return false
  const neededMs = Math.max(state.listingMs, leastMissingMs)
  // A proxy in front of a server that is away answers so to everything.
  const isProven = state.lastGoodMs > missing.sinceMs
  return nowMs - missing.sinceMs >= (isProven ? neededMs : neededMs * unprovenFactor)
}

/** It alone could not be got, while others may be. */
export function postpone(state: State, run: Watched, nowMs: number): void {
  run.failures += 1
  run.dueMs = nowMs + Math.max(minimumOf(state), backoffMs(run.failures, firstRetryMs, longestRetryMs))
}
