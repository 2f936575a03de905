import { ApplicationFailure } from '@temporalio/activity'
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client'
import { eachOf } from './each-of.ts'
import { eachOpen } from './each-open.ts'
import type { Waits } from './waits.ts'

/** `PENDING_ACTIVITY_STATE_STARTED` of Temporal's API. */
const startedState = 2
const lookedAtOnce = 20
/** A worker that has not polled for ten seconds is passed over by Temporal itself; it was silent for some of them already. */
const stickyMs = 8_000
const marginMs = 500

/** Ends an attempt of a wait, so that another worker takes it up at once. */
export function waitLost(code: 'worker_lost' | 'worker_shutdown', message: string): ApplicationFailure {
  // A wait of days has had many attempts: the pause that grows with them is for failures of the Jobs API. Zero would mean the longest.
  return ApplicationFailure.create({ type: code, message, nonRetryable: false, nextRetryDelay: 1 })
}

export interface RecoverWaits {
  client: Client
  waits: Pick<Waits, 'lookAgain'>
  /** Which workflows may have had waits there, as a list filter of Temporal's. */
  workflows: string
  /** Names of the activities that wait in the memory of a worker. */
  waitTypes: readonly string[]
  /** Whether every attempt that shows by heartbeats that it lives is failed as well, as after their time-out. @default false */
  alsoWork?: boolean
}

/**
 * Finds the waits that a worker had when it was lost, in all open workflows that may have had some, and has them taken up.
 * @param identity as Temporal knows the worker
 * @returns how many there were
 */
export async function recoverWaits(options: RecoverWaits, identity: string): Promise<number> {
  const { client, waits, workflows } = options
  const reason = waitLost('worker_lost', `worker ${identity} is gone; another one goes on`)
  let found = 0
  const begunAtMs = Date.now()
  async function look(workflowId: string): Promise<void> {
    const lost = await waitsOf(options, workflowId, identity)
    if (lost.length > 0 && Date.now() - begunAtMs < stickyMs) await letGo(client, workflowId)
    await eachOf(lost, lookedAtOnce, async (activityId) => {
      const { namespace } = client.options
      const outcome = await waits.lookAgain({ namespace, workflowId, activityId }, reason)
      if (outcome === 'completed') found += 1
    })
  }
  const list = (query: string) => client.workflow.list({ query, pageSize: 1_000 })
  const idOf = ({ workflowId }: { workflowId: string }) => workflowId
  await eachOpen({ list, which: workflows, idOf, atOnce: lookedAtOnce }, look)
  return found
}

/** Else what follows from the end of the wait waits for the sticky queue of the worker, which had most likely the workflow as well. */
export async function letGo(client: Client, workflowId: string): Promise<void> {
  const { namespace } = client.options
  // Without it, it only takes longer.
  await client.workflowService.resetStickyTaskQueue({ namespace, execution: { workflowId } }).catch(() => {})
}

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

/** One without heartbeats waits in Temporal alone; one about to time out may be another worker's by the time that it is failed. */
function mayBeFailed({ activityOptions, lastHeartbeatTime, lastStartedTime }: PendingActivity): boolean {
  const timeoutMs = milliseconds(activityOptions?.heartbeatTimeout)
  const lastSignMs = Math.max(milliseconds(lastHeartbeatTime), milliseconds(lastStartedTime))
  return timeoutMs > 0 && lastSignMs + timeoutMs - Date.now() >= marginMs
}

function milliseconds(time: PendingActivity['lastHeartbeatTime']): number {
  return time ? Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6 : 0
}

async function waitsOf(
  { client, waitTypes, alsoWork = false }: RecoverWaits,
  workflowId: string,
  identity: string,
): Promise<string[]> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe()
    return (raw.pendingActivities ?? [])
      .filter(
        (one) =>
          one.state === startedState &&
          one.lastWorkerIdentity === identity &&
          (waitTypes.includes(one.activityType?.name ?? '') || (alsoWork && mayBeFailed(one))),
      )
      .flatMap(({ activityId }) => activityId ?? [])
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return []
    throw error
  }
}
