import { proxyLocalActivities } from '@temporalio/workflow'
import type { PipelineActivities, ProfileConnectionInput } from '../activities/index.ts'
import type { ConnectionProfile } from '../pipeline/plan/index.ts'
import { activitiesOf, activityRetry, prefixed, scheduleToClose } from './activity-options.ts'
import { fencedRun } from './fenced/fenced-run.ts'
import { quickRun } from './fenced/quick-run.ts'
import type { RemoteRun, RemoteRunRequest, RemoteRunTiming, TimeLeft } from './port.ts'
import { unfencedRun } from './unfenced/unfenced-run.ts'

const askTimeoutMs = 20_000
/** A step's own time goes on meanwhile, and nobody sees what it waits for: beyond this it is asked where both hold. */
const quickAskMs = 2_000

/**
 * Asks once what a connection is, as a local activity: one event, and as a rule no request, since a worker knows its connections.
 * Undefined when it could not be told, for whatever reason: then `askDurably` tells, or says why not.
 */
export async function askQuickly(
  question: ProfileConnectionInput,
  activityPrefix = '',
): Promise<ConnectionProfile | undefined> {
  const local = proxyLocalActivities<PipelineActivities>({
    startToCloseTimeout: quickAskMs,
    retry: { maximumAttempts: 1 },
    summary: `profile of ${question.connection}`,
  })
  const { profileConnection } = prefixed(local, activityPrefix)
  try {
    return await profileConnection(question)
  } catch {
    // Also a cancellation: whoever waits for the answer is told of it by what it does next.
    return undefined
  }
}

/** Asks until there is an answer, where everybody can see what it waits for. */
export function askDurably(
  question: ProfileConnectionInput,
  timing: RemoteRunTiming,
  left: TimeLeft,
  activityPrefix = '',
): Promise<ConnectionProfile> {
  const asking = {
    startToCloseTimeout: askTimeoutMs,
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL' as const,
    retry: activityRetry,
    summary: `profile of ${question.connection}`,
    ...scheduleToClose(left),
  }
  return activitiesOf({ activityPrefix }, asking).profileConnection(question)
}

/** The run in the mode that the connection was found to have. */
export function remoteRunIn(profile: ConnectionProfile, request: RemoteRunRequest): RemoteRun {
  switch (profile.mode) {
    case 'fenced':
      return request.quick ? quickRun(request, profile, request.quick) : fencedRun(request, profile)
    case 'strict':
    case 'bounded':
      return unfencedRun(request, profile)
    default:
      // A later version found this mode: its worker can go on with it, this one must not guess.
      throw new Error(`this worker knows no mode ${String(profile.mode)}; a newer one takes over`)
  }
}
