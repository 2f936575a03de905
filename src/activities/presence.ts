import { setTimeout as pause } from 'node:timers/promises'
import { ActivityNotFoundError, type Client } from '@temporalio/client'
import { messageOf } from '../base/causes.ts'
import { activityTypes } from '../contract/names.ts'
import { gone, here, lost } from './hold-presence.ts'
import { waitLost } from './recover-waits.ts'
import type { HoldPresenceInput, Presence } from './waits.ts'

export interface PresenceOptions {
  /** As this process's workers call themselves. */
  identity: string
  /** Of the activity, and of this process alone. */
  activityId: string
  /** What the ids of the presences of processes begin with of which none lives beside this one. @default there are none */
  predecessors?: string | undefined
  /** Of workers that have the activity. */
  taskQueue: string
  /** @default 'holdPresence' */
  activityType?: string
  /** Silent for so long, it is asked; for so long once more, it is lost. */
  heartbeatMs: number
  log: { warn(fields: object, message: string): void }
}

const beatsPerTimeout = 3
/** One step often follows another. */
const lingerMs = 5_000
/** At rest only a process that follows under the same name has to find it. */
const quietHeartbeatMs = 30_000

/** Shows Temporal that this process lives, by an activity that it keeps open from outside: see `holdPresence`. */
export function createPresence(client: Client, options: PresenceOptions): Presence {
  const { identity, activityId, predecessors, heartbeatMs, log } = options
  const shown = createShown(client, options)
  let mode: 'off' | 'busy' | 'quiet' = 'off'
  let isOver = false
  let holders = 0
  let idle: NodeJS.Timeout | undefined
  /** One change after the other. */
  let last: Promise<void> = Promise.resolve()

  function on(): Promise<void> {
    if (mode === 'busy' || isOver) return last
    const before = mode
    mode = 'busy'
    if (before === 'quiet') last = last.then(shown.end).catch(() => {})
    return show(heartbeatMs)
  }

  function show(everyMs: number): Promise<void> {
    last = last
      .then(() => shown.start(everyMs))
      .catch((error: unknown) => {
        const fields = { error: messageOf(error), presence: activityId }
        log.warn(fields, 'whether this worker lives cannot be shown to Temporal yet')
      })
    last = last.then(() => shown.keep(everyMs))
    return last
  }

  function off(): Promise<void> {
    clearTimeout(idle)
    if (mode === 'off') return last
    mode = 'off'
    last = last.then(shown.end)
    return last
  }

  function rest(): void {
    if (holders > 0 || mode !== 'busy') return
    mode = 'quiet'
    last = last.then(shown.end).catch(() => {})
    void show(quietHeartbeatMs)
  }

  function release(): void {
    holders -= 1
    if (holders > 0) return
    clearTimeout(idle)
    idle = setTimeout(rest, lingerMs)
    idle.unref()
  }

  let isHeld = false
  return {
    identity,
    isPredecessor: (id) => predecessors !== undefined && id !== activityId && id.startsWith(predecessors),
    begin() {
      if (!isHeld) holders += 1
      isHeld = true
      return on()
    },
    async during(work) {
      holders += 1
      void on()
      try {
        return await work()
      } finally {
        release()
      }
    },
    async end() {
      isOver = true
      last = last.catch(() => {})
      await off()
    },
  }
}

function createShown(client: Client, options: PresenceOptions) {
  const { identity, activityId, taskQueue } = options
  const { activityType = activityTypes.holdPresence } = options
  const input: HoldPresenceInput = { identity }
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> | undefined

  const soon = <T>(work: () => Promise<T>) => client.withDeadline(Date.now() + 2 * options.heartbeatMs, work)

  /** Does nothing while there is one. */
  async function start(heartbeatMs: number): Promise<void> {
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

  async function beat(heartbeatMs: number): Promise<void> {
    try {
      await soon(() => client.activity.heartbeat({ activityId }, here))
    } catch (error) {
      if (!(error instanceof ActivityNotFoundError)) throw error
      // Whatever is known of the last one, there has to be one.
      if (await isOver().catch(() => false)) warnOfLoss()
      await start(heartbeatMs)
    }
  }

  /** Otherwise no worker has taken it yet. */
  async function isOver(): Promise<boolean> {
    const presence = await soon(() => client.activity.getHandle(activityId).describe())
    return presence.status !== 'RUNNING'
  }

  function warnOfLoss(): void {
    const namesake =
      options.predecessors === undefined ? '' : '; or another process has its JOBWRIGHT_WORKER_NAME, too'
    const message = `this worker was taken for lost, and others begin anew what it had: it was silent for too long${namesake}`
    options.log.warn({ presence: activityId }, message)
  }

  function keep(heartbeatMs: number): void {
    timer = setInterval(() => {
      // Temporal is away, or slow: the next beat comes soon, and whatever was believed meanwhile is made good.
      beating ??= beat(heartbeatMs)
        .catch(() => {})
        .finally(() => {
          beating = undefined
        })
    }, heartbeatMs / beatsPerTimeout)
    timer.unref()
  }

  async function end(): Promise<void> {
    clearInterval(timer)
    await beating
    try {
      await client.activity.complete({ activityId }, null)
    } catch (error) {
      if (!(error instanceof ActivityNotFoundError)) throw error
      // No worker took it so far.
      await client.activity.getHandle(activityId).terminate('the worker has ended')
    }
  }

  return { start, keep, end }
}

/** It is not taken by a worker yet, after its time-out: soon somebody does. */
const tellAgainMs = 200
const tellForMs = 10_000

/**
 * Tells those who look after presences that the processes have ended that had this one's name: what they had is taken up at once.
 * @returns how many there were
 */
export async function tellOfPredecessors(
  client: Client,
  { identity, isPredecessor }: Pick<Presence, 'identity' | 'isPredecessor'>,
): Promise<number> {
  const open = `ActivityType = '${activityTypes.holdPresence}' AND ExecutionStatus = 'Running'`
  let told = 0
  for await (const { activityId } of client.activity.list(open))
    if (isPredecessor(activityId) && (await tellGone(client, activityId, identity))) told += 1
  return told
}

async function tellGone(client: Client, activityId: string, own: string): Promise<boolean> {
  for (const untilMs = Date.now() + tellForMs; Date.now() < untilMs; await pause(tellAgainMs))
    try {
      const presence = await client.activity.getHandle(activityId).describe({ includeHeartbeatDetails: true })
      if (presence.status !== 'RUNNING') return false
      const said: unknown = await presence.getHeartbeatDetails()
      // Whoever is at it already would be interrupted; this process knows it by the name.
      if (said === lost || said === gone || presence.lastWorkerIdentity === own) return false
      await client.activity.heartbeat({ activityId }, gone)
      await client.activity.fail({ activityId }, waitLost('worker_lost', 'the process has ended'))
      return true
    } catch (error) {
      if (!(error instanceof ActivityNotFoundError)) throw error
    }
  return false
}
