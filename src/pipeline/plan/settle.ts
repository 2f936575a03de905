import { instantMs } from '../../base/instant.ts'
import { closedFromOutside } from './nested.ts'
import type { ItemState, JobRunRecord } from './state.ts'
import type { PlanStep, RetryReason, StepError } from './types.ts'

/** How the job run of a generation ended. */
export type RemoteRunOutcome =
  | { kind: 'record'; record: JobRunRecord }
  /** The step's time was up; the record is of the run after its cancellation, if there was a run. */
  | { kind: 'timeout'; record: JobRunRecord | null }
  /** Refused for good, at the trigger or later; the record is of the run after its cancellation, if there was a run. */
  | { kind: 'error'; error: StepError; record: JobRunRecord | null }
  /** The pipeline run was cancelled; the record as above. */
  | { kind: 'cancelled'; record: JobRunRecord | null }

export interface Settlement {
  status: 'completed' | 'failed' | 'cancelled'
  error: StepError | null
  /** Why another generation might be worth it; absent: it never is. */
  reason?: RetryReason
}

/**
 * What a generation amounts to. A run that completed first is completed, whatever was asked of it meanwhile; one whose time
 * was up, only if it can be seen to have completed in time, and word of it came late.
 */
export function settle(outcome: RemoteRunOutcome, timeoutMs: number | undefined): Settlement {
  const { record } = outcome
  const isCompleted = record?.status === 'completed'
  if (isCompleted && (outcome.kind !== 'timeout' || completedInTime(record, timeoutMs)))
    return { status: 'completed', error: null }
  // It was closed from outside, and may have left something at work: nothing is begun beside that.
  if (record?.error?.code === closedFromOutside) return { status: 'failed', error: record.error }
  switch (outcome.kind) {
    case 'error':
      // A person gave it up: another generation would only be a second trigger of what may have been triggered.
      if (outcome.error.code === 'trigger_unknown') return { status: 'failed', error: outcome.error }
      return { status: 'failed', error: outcome.error, reason: 'rejected' }
    case 'timeout':
      return {
        status: 'failed',
        error: { code: 'timeout', message: `not completed within its timeout of ${timeoutMs ?? 0} ms` },
        reason: 'timeout',
      }
    case 'cancelled':
      return record?.status === 'failed'
        ? { status: 'failed', error: jobRunError(record) }
        : { status: 'cancelled', error: null }
    case 'record':
      if (outcome.record.status === 'cancelled')
        return {
          status: 'cancelled',
          error: cancelledOutside(outcome.record),
        }
      return { status: 'failed', error: jobRunError(outcome.record), reason: 'failed' }
  }
}

/** By the server's clock alone, which is not ours; and before any cancel reached the run, since a handler may return on that. */
function completedInTime({ jobRun }: JobRunRecord, timeoutMs = Number.POSITIVE_INFINITY): boolean {
  if (typeof jobRun !== 'object' || jobRun === null || Array.isArray(jobRun)) return false
  const { created_at: created, finished_at: finished, cancel_requested_at: cancelled } = jobRun
  if (cancelled !== null || typeof created !== 'string' || typeof finished !== 'string') return false
  return instantMs(finished) - instantMs(created) <= timeoutMs
}

function cancelledOutside({ error }: JobRunRecord): StepError {
  // A nested pipeline run says so itself; whatever a server says of a job run is not about this.
  if (error?.code === 'run_cancelled') return error
  return { code: 'run_cancelled', message: 'the job run was cancelled from outside this pipeline' }
}

function jobRunError(record: JobRunRecord): StepError {
  return (
    record.error ?? { code: 'run_failed', message: `job run ${record.jobRunId} failed and does not say why` }
  )
}

/** The error of a step that was cancelled, whose job run the server does not have any more. */
export function forgotten(jobRunId: string): StepError {
  return {
    code: 'unknown_job_run',
    message: `the server knows nothing of job run ${jobRunId} any more; whether it is at work is not known`,
  }
}

/** True when the step's `retry` allows another generation. */
export function allowsRetry(step: PlanStep, item: ItemState, { reason }: Settlement): boolean {
  return reason !== undefined && item.generation < step.retry.generations && step.retry.on.includes(reason)
}

/** The error of a generation that is the last one for that reason, in spite of the step's `retry`. */
export function withoutRetry({ code, message }: StepError): StepError {
  return {
    code,
    message: `${message}; it is not tried again, as a trigger of unknown outcome may have started another job run, which nobody has seen`,
  }
}
