import { CancellationScope, workflowInfo } from '@temporalio/workflow'
import type { StepIdentity, TriggerJobRunInput, TriggerQuicklyInput } from '../../activities/index.ts'
import { stepRunId } from '../../base/step-run-id.ts'
import type { ConnectionProfile } from '../../pipeline/plan/index.ts'
import {
  activitiesOf,
  activityRetry,
  heldRetry,
  scheduleToClose,
  triggerTimeoutMs,
} from '../activity-options.ts'
import type { QuickSurroundings, RemoteRun, RemoteRunRequest, TimeLeft } from '../port.ts'

const cancelTimeoutMs = 10 * 60_000

/**
 * On a server that takes idempotency keys. Trigger is one activity that creates, triggers and looks; what it is not sure of
 * it sends again under the same keys. A cancel by the key finds what was started, and bars what was not.
 */
export function fencedRun(request: RemoteRunRequest, profile: ConnectionProfile): RemoteRun {
  const { connection, timing } = request
  const activityId = stepRunId(request)
  const abandonable = (left: TimeLeft) => ({
    ...scheduleToClose(left),
    // A wait holds no slot and sends no heartbeat: waiting for it to notice a cancel would never end.
    cancellationType: 'TRY_CANCEL' as const,
    retry: activityRetry,
    summary: activityId,
  })
  return {
    trigger(left) {
      const { triggerJobRun } = activitiesOf(request, {
        ...abandonable(left),
        activityId,
        startToCloseTimeout: triggerTimeoutMs,
        heartbeatTimeout: timing.stepHeartbeatMs,
      })
      const { quick } = request
      const input = triggerInput(request, profile)
      return triggerJobRun(quick ? toldOf(input, quick, left) : input)
    },
    wait(jobRunId, left) {
      const { awaitJobRun } = activitiesOf(request, {
        ...abandonable(left),
        activityId: `${activityId}/wait`,
        startToCloseTimeout: timing.waitLeaseMs,
      })
      return awaitJobRun({ connection, jobRunId })
    },
    async cancel() {
      const { cancelJobRun } = activitiesOf(request, {
        activityId: `${activityId}/cancel`,
        startToCloseTimeout: cancelTimeoutMs,
        heartbeatTimeout: timing.stepHeartbeatMs,
        summary: `cancel ${activityId}`,
        retry: heldRetry,
      })
      const { record } = await CancellationScope.nonCancellable(() =>
        cancelJobRun({ ...identityOf(request), connection }),
      )
      return record
    },
  }
}

function identityOf({ scope, step, item, generation }: RemoteRunRequest): StepIdentity {
  return { firstExecutionRunId: scope ?? workflowInfo().firstExecutionRunId, step, item, generation }
}

/** The same of a run whose end a signal brings. */
export function toldOf(
  input: TriggerJobRunInput,
  quick: QuickSurroundings,
  left: TimeLeft,
): TriggerQuicklyInput {
  const leftMs = left()
  return {
    ...input,
    kept: quick.kept,
    ...(leftMs === undefined ? {} : { leftMs }),
    ...(quick.isCrowded() ? { isCrowded: true } : {}),
  }
}

/** What a run is triggered with, whoever does it. */
export function triggerInput(
  request: RemoteRunRequest,
  { jobNames, oneCallTriggers }: ConnectionProfile,
): TriggerJobRunInput {
  const { connection, pipeline, target, config, name } = request
  return {
    ...identityOf(request),
    connection,
    pipeline,
    target,
    config,
    ...(jobNames ? { jobNames } : {}),
    ...(name === undefined ? {} : { name }),
    ...(oneCallTriggers ? { oneCall: true } : {}),
  }
}
