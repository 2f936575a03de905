import { setTimeout as pause } from 'node:timers/promises'
import { type ActivityExecutionDescription, ActivityNotFoundError, type Client } from '@temporalio/client'
import { activityTypes } from '../contract/names.ts'
import { eachOpen } from './each-open.ts'
import { waitLost } from './recover-waits.ts'

/** As many as a worker has at once: each may have to be silent for a while yet. */
const lookedAtOnce = 100
/** Closer to its own time-out than this, an attempt may be another worker's by the time that it is failed. */
const marginMs = 500

export interface RecoverAttempts {
  client: Client
  /** As Temporal knows the worker. */
  identity: string
  /** Unless its end was seen, an attempt has to be silent for so long: a worker that stood still for a while has it still. */
  silenceMs: number
}

/**
 * Fails the attempts of job runs that a worker had when it was lost, so that they are attempted again at once instead of after their
 * heartbeat time-out.
 * @returns how many there were
 */
export async function recoverAttempts(options: RecoverAttempts): Promise<number> {
  const { client } = options
  let found = 0
  const which = `ActivityType = '${activityTypes.executeJobRun}'`
  const list = (query: string) => client.activity.list(query)
  const idOf = ({ activityId }: { activityId: string }) => activityId
  await eachOpen({ list, which, idOf, atOnce: lookedAtOnce }, async (activityId) => {
    if (await recoverOne(options, activityId)) found += 1
  })
  return found
}

async function recoverOne(options: RecoverAttempts, activityId: string): Promise<boolean> {
  const { client, identity, silenceMs } = options
  try {
    for (;;) {
      const attempt = await client.activity.getHandle(activityId).describe()
      if (attempt.runState !== 'STARTED' || attempt.lastWorkerIdentity !== identity) return false
      const silentMs = Date.now() - lastSignOf(attempt)
      const leftMs = (attempt.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY) - silentMs
      if (leftMs < marginMs) return false
      if (silentMs >= silenceMs) break
      await pause(Math.min(silenceMs - silentMs, leftMs) + 1)
    }
    const reason = waitLost('worker_lost', `worker ${identity} is gone; another one attempts the run`)
    await client.withDeadline(Date.now() + marginMs, () => client.activity.fail({ activityId }, reason))
    return true
  } catch (error) {
    if (error instanceof ActivityNotFoundError) return false
    throw error
  }
}

function lastSignOf({ lastHeartbeatTime, lastStartedTime }: ActivityExecutionDescription): number {
  return Math.max(lastHeartbeatTime?.getTime() ?? 0, lastStartedTime?.getTime() ?? 0)
}
