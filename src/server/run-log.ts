import { isTerminalStatus, type JobRun } from '../contract/index.ts'
import type { CancelOutcome, JobStore } from './ports/index.ts'

/** Where the server tells what becomes of runs. Fits pino. */
export interface RunLog {
  info(fields: object, message: string): void
}

/** The store, telling that runs start and end: whoever says so, worker, dispatcher or reconciler, says it here. */
export function withRunLog(store: JobStore, log: RunLog): JobStore {
  const { reports, runs } = store
  const cancelled = <Outcome extends CancelOutcome | { outcome: 'barred' }>(outcome: Outcome): Outcome => {
    // One that was handed to nobody ends at once.
    if (outcome.outcome === 'cancelled') log.info(endOf(outcome.run), 'job run ended')
    return outcome
  }
  return {
    ...store,
    runs: {
      ...runs,
      requestCancel: async (caller, jobRunId) => cancelled(await runs.requestCancel(caller, jobRunId)),
      cancelByKey: async (caller, key) => cancelled(await runs.cancelByKey(caller, key)),
    },
    reports: {
      ...reports,
      async startAttempt(jobRunId, attempt) {
        const started = await reports.startAttempt(jobRunId, attempt)
        if (started === undefined) return undefined
        const { run, jobType, workspace } = started
        const fields = { ...idsOf(run, jobType), workspace, attempt }
        // Cancelled before it began: nobody else says so.
        if (run.status === 'cancelled' && !run.started_at && run.attempt === attempt)
          log.info(endOf(run), 'job run ended')
        else if (!isTerminalStatus(run.status) && run.attempt === attempt)
          log.info(fields, attempt === 1 ? 'job run started' : 'job run attempted again')
        return started
      },
      async finish(jobRunId, report) {
        const finished = await reports.finish(jobRunId, report)
        if (finished?.applied) log.info(endOf(finished.run), 'job run ended')
        return finished
      },
    },
  }
}

function idsOf(run: JobRun, jobType: unknown): object {
  return { job_run_id: run.uuid, job_id: run.job_id, job_type: jobType }
}

function endOf(run: JobRun): object {
  const { status, attempt, started_at, finished_at, error } = run
  return {
    ...idsOf(run, run.config['job_type']),
    attempt,
    status,
    // A run that nobody began has none.
    ...(started_at && finished_at ? { duration_ms: Date.parse(finished_at) - Date.parse(started_at) } : {}),
    ...(error ? { code: error.code } : {}),
  }
}
