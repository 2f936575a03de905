import { retryDelayMs } from './scheduling.ts'
import {
  allowsRetry,
  forgotten,
  type RemoteRunOutcome,
  type Settlement,
  settle,
  withoutRetry,
} from './settle.ts'
import { applyRecord, beginNextGeneration, type ItemState } from './state.ts'
import { isDone, move } from './transitions.ts'
import type { PlanStep } from './types.ts'

/** A generation that has not ended: it may have a run, even where none is known yet. */
export function isBegun({ generationStartedAtMs, status }: ItemState): boolean {
  return generationStartedAtMs !== null && !isDone(status)
}

/** Notes how the generation ended; what the item is then is for the caller to say. */
export function settleGeneration(step: PlanStep, item: ItemState, outcome: RemoteRunOutcome): Settlement {
  item.generationStartedAtMs = null
  if (outcome.record) applyRecord(item, step, outcome.record)
  const settlement = settle(outcome, step.timeoutMs)
  // As after the server's database was replaced: its key started nothing, for all that the server knows.
  const isForgotten = outcome.kind === 'cancelled' && !outcome.record && step.target.kind !== 'pipeline'
  item.error = isForgotten && item.jobRunId !== null ? forgotten(item.jobRunId) : settlement.error
  return settlement
}

/** Thousands of items are carried in one state: of what is over, no more is kept than is of use. */
export function forgetTrigger(item: ItemState): void {
  delete item.trigger
  delete item.parkedAtMs
}

/**
 * Ends a generation, and with it the item unless another one follows: then it is due at `notBeforeMs`.
 * @returns true when another generation follows
 */
export function concludeGeneration(
  step: PlanStep,
  item: ItemState,
  outcome: RemoteRunOutcome,
  { nowMs, isCancelled }: { nowMs: number; isCancelled: boolean },
): boolean {
  const settlement = settleGeneration(step, item, outcome)
  const isRetry = !isCancelled && allowsRetry(step, item, settlement)
  // Nothing is begun beside a run that nobody has seen, and that may be at work.
  const isBarred = isRetry && (item.trigger?.unsettled ?? 0) > 0
  if (!isRetry || isBarred) {
    if (isBarred && item.error) item.error = withoutRetry(item.error)
    move(item, settlement.status)
    forgetTrigger(item)
    return false
  }
  move(item, 'backed_off')
  item.notBeforeMs = nowMs + retryDelayMs(step.retry.backoffMs, item.generation)
  beginNextGeneration(item)
  return true
}

/** Notes that the generation is being cancelled. */
export function noteCancelling(item: ItemState, nowMs: number): void {
  move(item, 'cancel_sent')
  item.cancelRequestedAtMs ??= nowMs
}

/** Notes a job run of the generation that is not over. */
export function noteOpen(
  item: ItemState,
  { jobId, jobRunId, status }: { jobId: string; jobRunId: string; status: string },
): void {
  item.jobId = jobId
  item.jobRunId = jobRunId
  move(item, status === 'pending' ? 'found_pending' : status === 'paused' ? 'found_paused' : 'found_running')
}
