import { sleep } from '@temporalio/workflow'
import type { JobRunRecord } from '../../pipeline/plan/index.ts'
import { advanceCancel, beginCancel, nextCancelEffect } from '../../protocol/index.ts'
import { finalError, isOutOfTime } from '../activity-errors.ts'
import type { UnfencedCalls } from './calls.ts'

/**
 * Cancels a run and waits for its end, however long that takes; null when it is gone. A run that completed first is
 * reported as that.
 */
export async function cancelToTheEnd(calls: UnfencedCalls, jobRunId: string): Promise<JobRunRecord | null> {
  let state = beginCancel()
  for (;;) {
    const effect = nextCancelEffect(state)
    if (effect.kind === 'done') return null
    if (effect.kind === 'send') {
      const { record, isGone } = await calls.sendCancel(jobRunId)
      if (record || isGone) return record
      state = advanceCancel(state, { kind: 'answered', atMs: Date.now() })
      continue
    }
    const record = await endBy(calls, jobRunId, effect.untilMs)
    if (record) return record
    state = advanceCancel(state, { kind: 'still_active', atMs: Math.max(Date.now(), effect.untilMs) })
  }
}

async function endBy(
  calls: UnfencedCalls,
  jobRunId: string,
  untilMs: number,
): Promise<JobRunRecord | undefined> {
  try {
    return await calls.awaitEnd(jobRunId, untilMs)
  } catch (error) {
    if (isOutOfTime(error)) return undefined
    // Refused, or gone: the next cancel finds out which.
    if (!finalError(error)) throw error
    await sleep(Math.max(1, untilMs - Date.now()))
    return undefined
  }
}
