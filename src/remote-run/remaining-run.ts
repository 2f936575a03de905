import type { RemainingRun } from '../activities/index.ts'
import type { ConnectionProfile, ItemState } from '../pipeline/plan/index.ts'
import type { RemoteRunRequest } from './port.ts'
import { doubtOf } from './unfenced/doubt.ts'

/** What a generation that has not ended may have active on its Jobs API. @param own what it is told apart by */
export function remainingRun(
  own: Pick<RemoteRunRequest, 'step' | 'item' | 'scope'>,
  { generation, jobRunId, trigger }: ItemState,
  profile: ConnectionProfile,
): RemainingRun {
  const job = trigger?.job
  return {
    ...own,
    generation,
    jobRunId: trigger?.run?.jobRunId ?? jobRunId,
    ...(job ? { trigger: { job, extras: trigger.extras, doubtUntilMs: doubtOf(trigger, profile) } } : {}),
  }
}
