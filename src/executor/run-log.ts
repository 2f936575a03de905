import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import type { ExecuteJobRunInput } from '../contract/index.ts'
import type { WorkerLog } from './attempt.ts'

/** Tells the operator that an attempt started and how it ended. */
export async function withRunLog<T extends { status: string }>(
  log: WorkerLog,
  { job_run_id, job_type }: ExecuteJobRunInput,
  attempt: number,
  work: () => Promise<T>,
): Promise<T> {
  const fields = { job_run_id, job_type, attempt }
  const startedMs = performance.now()
  const ended = (end: object) => {
    const duration_ms = Math.round(performance.now() - startedMs)
    log.info({ ...fields, ...end, duration_ms }, 'job run ended here')
  }
  log.info(fields, 'job run started here')
  try {
    const result = await work()
    ended({ status: result.status })
    return result
  } catch (error) {
    ended(endOf(error))
    throw error
  }
}

/** What the attempt leaves behind when it returns no status: another attempt follows, or the run was cancelled. */
function endOf(error: unknown): object {
  if (error instanceof CancelledFailure) return { status: 'cancelled' }
  const code = error instanceof ApplicationFailure ? error.type : undefined
  const isLast = error instanceof ApplicationFailure && error.nonRetryable
  return { status: isLast ? 'failed' : 'to be attempted again', ...(code ? { code } : {}) }
}
