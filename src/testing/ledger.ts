import { isTerminalStatus } from '../contract/index.ts'
import { namedJobs } from './named-job.ts'
import type { RequestEntry, ServerLogEntry } from './server-log.ts'

export interface RunEnd {
  status: string
  atMs: number
}

/** A run that a request made, with all that a log tells of it. */
export interface SeenRun {
  jobRunId: string
  jobId: string
  config: unknown
  /** When it was asked for: when the client sent that, where it is known, else when the server did it. */
  askedAtMs: number
  request: RequestEntry
  /** The first that ended it: what comes after counts for nothing. */
  end: RunEnd | undefined
}

/** A log as runs. */
export interface Ledger {
  /** Runs that were asked for, oldest first. */
  made: readonly SeenRun[]
  /** Of any run that the log names. */
  endOf: (jobRunId: string) => RunEnd | undefined
  /** Requests for a run of a job whose client cannot know what became of them, those that never arrived among them. */
  unanswered: (jobId: string) => readonly RequestEntry[]
}

export function ledgerOf(log: readonly ServerLogEntry[]): Ledger {
  const ordered = log.toSorted((a, b) => a.atMs - b.atMs || a.seq - b.seq)
  const ends = new Map<string, RunEnd>()
  for (const entry of ordered)
    if (entry.event === 'run_status' && isTerminalStatus(entry.status) && !ends.has(entry.job_run_id))
      ends.set(entry.job_run_id, { status: entry.status, atMs: entry.atMs })
  const requests = ordered.filter((entry) => entry.event === 'request')
  const made = new Map<string, SeenRun>()
  for (const request of requests) {
    if (request.made === undefined) continue
    const { job_run_id: jobRunId, job_id: jobId, config } = request.made
    const askedAtMs = request.sentAtMs ?? request.atMs
    // A server that takes keys answers the same run again.
    if (!made.has(jobRunId))
      made.set(jobRunId, { jobRunId, jobId, config, askedAtMs, request, end: ends.get(jobRunId) })
  }
  const triggers = requests.filter(({ method, path }) => method === 'POST' && path === '/job-runs')
  const jobOf = namedJobs(triggers)
  return {
    made: [...made.values()],
    endOf: (jobRunId) => ends.get(jobRunId),
    unanswered: (jobId) =>
      triggers.filter(
        (trigger) => (trigger.answered === false || (trigger.status ?? 0) >= 500) && jobOf(trigger) === jobId,
      ),
  }
}
