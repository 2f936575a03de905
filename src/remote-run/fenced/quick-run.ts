import { isCancellation, proxyLocalActivities } from '@temporalio/workflow'
import type { PipelineActivities, TriggerQuicklyResult } from '../../activities/index.ts'
import { stepRunId } from '../../base/step-run-id.ts'
import type { ConnectionProfile } from '../../pipeline/plan/index.ts'
import type { QuickSurroundings, RemoteRun, RemoteRunRequest, TimeLeft } from '../port.ts'
import { fencedRun, toldOf, triggerInput } from './fenced-run.ts'

/** A worker that has too many of them is as slow as a server. */
const quickStartMs = 300
/** Its requests take less; the rest is for a worker that is busy. */
const quickTimeoutMs = 1_000

/**
 * A fenced run that is triggered by a local activity, which holds up its workflow task for a moment, but costs one event and no task
 * of its own; and whose end comes by a signal. What the local activity is not sure of is done once more by the other one, under the
 * same keys.
 */
export function quickRun(
  request: RemoteRunRequest,
  profile: ConnectionProfile,
  quick: QuickSurroundings,
): RemoteRun {
  const regular = fencedRun(request, profile)
  return {
    ...regular,
    async trigger(left) {
      const first = await quick.runLocally(() => triggerQuickly(request, profile, quick, left))
      if (first && first !== 'not_at_all' && first.phase !== 'unsure') return first
      const leave = await quick.enterRegular()
      try {
        return await regular.trigger(left)
      } finally {
        await quick.calm()
        leave()
      }
    },
    wait: (jobRunId, left) => quick.wait(jobRunId, left),
    async cancel() {
      try {
        return await regular.cancel()
      } finally {
        await quick.calm()
      }
    },
  }
}

async function triggerQuickly(
  request: RemoteRunRequest,
  profile: ConnectionProfile,
  quick: QuickSurroundings,
  left: TimeLeft,
): Promise<TriggerQuicklyResult | undefined> {
  const { isTakenUp } = quick
  const input = {
    ...toldOf(triggerInput(request, profile), quick, left),
    ...(isTakenUp ? { isTakenUp } : {}),
  }
  let result: TriggerQuicklyResult
  try {
    result = await local(request).triggerQuickly(input)
  } catch (error) {
    // Otherwise it took too long, or its worker broke.
    if (isCancellation(error)) throw error
    return undefined
  }
  if (result.of !== undefined && result.of !== stepRunId(request))
    throw new Error(`the trigger of ${result.of} was answered for that of ${request.step}`)
  return result
}

function local(request: RemoteRunRequest): PipelineActivities {
  return proxyLocalActivities<PipelineActivities>({
    scheduleToStartTimeout: quickStartMs,
    startToCloseTimeout: quickTimeoutMs,
    retry: { maximumAttempts: 1 },
    cancellationType: 'TRY_CANCEL',
    summary: stepRunId(request),
  })
}
