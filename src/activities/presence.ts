import { ActivityNotFoundError, type Client } from '@temporalio/client'
import { messageOf } from '../base/causes.ts'
import { activityTypes } from '../contract/names.ts'
import { here } from './hold-presence.ts'
import type { HoldPresenceInput, Presence } from './types.ts'

export interface PresenceOptions {
  /** As this process's workers call themselves. */
  identity: string
  /** Of the activity, and of this process alone. */
  activityId: string
  /** Of workers that have the activity. */
  taskQueue: string
  /** @default 'holdPresence' */
  activityType?: string
  /** Silent for so long, it is asked; for so long once more, it is lost. */
  heartbeatMs: number
  log: { warn(fields: object, message: string): void }
}

const beatsPerTimeout = 3

/** Shows Temporal that this process lives, by an activity that it keeps open from outside: see `holdPresence`. */
export function createPresence(client: Client, options: PresenceOptions): Presence {
  const { identity, activityId, taskQueue, heartbeatMs, log } = options
  const { activityType = activityTypes.holdPresence } = options
  const input: HoldPresenceInput = { identity }
  let timer: NodeJS.Timeout | undefined
  let begun: Promise<void> | undefined
  let beating: Promise<void> | undefined

  const soon = <T>(work: () => Promise<T>) => client.withDeadline(Date.now() + 2 * heartbeatMs, work)

  /** Does nothing while there is one. */
  async function start(): Promise<void> {
    await soon(() =>
      client.activity.start(activityType, {
        id: activityId,
        taskQueue,
        args: [input],
        idReusePolicy: 'ALLOW_DUPLICATE',
        idConflictPolicy: 'USE_EXISTING',
        startToCloseTimeout: '3650 days',
        heartbeatTimeout: heartbeatMs,
        retry: { initialInterval: 1, backoffCoefficient: 2, maximumInterval: 5_000 },
        summary: identity,
      }),
    )
  }

  async function beat(): Promise<void> {
    try {
      await soon(() => client.activity.heartbeat({ activityId }, here))
    } catch (error) {
      // Not taken by a worker yet; or it is over, as this process was silent for too long.
      if (error instanceof ActivityNotFoundError) await start()
      else throw error
    }
  }

  function keep(): void {
    timer = setInterval(() => {
      // Temporal is away, or slow: the next beat comes soon, and whatever was believed meanwhile is made good.
      beating ??= beat()
        .catch(() => {})
        .finally(() => {
          beating = undefined
        })
    }, heartbeatMs / beatsPerTimeout)
    timer.unref()
  }

  return {
    identity,
    begin() {
      begun ??= start()
        .catch((error: unknown) => {
          log.warn({ error: messageOf(error) }, 'whether this worker lives cannot be shown to Temporal yet')
        })
        .then(keep)
      return begun
    },
    async end() {
      if (!begun) return
      await begun
      clearInterval(timer)
      await beating
      try {
        await client.activity.complete({ activityId }, null)
      } catch (error) {
        if (!(error instanceof ActivityNotFoundError)) throw error
        // No worker took it so far.
        await client.activity.getHandle(activityId).terminate('the worker has ended')
      }
    },
  }
}
