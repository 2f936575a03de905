import { setTimeout as pause } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/activity'
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { eachOf } from './each-of.ts'
import type { Waits } from './types.ts'

/** `PENDING_ACTIVITY_STATE_STARTED` of Temporal's API. */
const startedState = 2
/** How long a run that was just started may be missing from lists. */
const lagMs = 3_000
/** What was there for longer than this was in the first list. */
const recentMs = 60_000
const lookedAtOnce = 20
/** A worker that has not polled for ten seconds is passed over by Temporal itself; it was silent for some of them already. */
const stickyMs = 8_000

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
}

/**
 * Finds the waits that a worker had when it was lost, in all open workflows that may have had some, and has them taken up. It may have
 * died while it took up waits of a run that no list shows yet, so that those which were just started are looked for twice.
 * @param identity as Temporal knows the worker
 * @returns how many there were
 */
export async function recoverWaits(
  { client, waits, workflows, waitTypes }: RecoverWaits,
  identity: string,
): Promise<number> {
  const reason = waitLost('worker_lost', `worker ${identity} is gone; another one goes on`)
  const seen = new Set<string>()
  let found = 0
  const begunAtMs = Date.now()
  async function look(workflowId: string): Promise<void> {
    const lost = await waitsOf(client, workflowId, { waitTypes, identity })
    if (lost.length > 0 && Date.now() - begunAtMs < stickyMs) await letGo(client, workflowId)
    await eachOf(lost, lookedAtOnce, async (activityId) => {
      const { namespace } = client.options
      const outcome = await waits.lookAgain({ namespace, workflowId, activityId }, reason)
      if (outcome === 'completed') found += 1
    })
  }
  const open = `${workflows} AND ExecutionStatus = 'Running'`
  const recent = `${open} AND StartTime >= '${new Date(begunAtMs - recentMs).toISOString()}'`
  for (const query of [open, recent]) {
    if (query === recent) await pause(Math.max(0, begunAtMs + lagMs - Date.now()))
    await eachOf(client.workflow.list({ query, pageSize: 1_000 }), lookedAtOnce, async ({ workflowId }) => {
      if (seen.has(workflowId)) return
      seen.add(workflowId)
      await look(workflowId)
    })
  }
  return found
}

/** Else what follows from the end of the wait waits for the sticky queue of the worker, which had most likely the workflow as well. */
async function letGo(client: Client, workflowId: string): Promise<void> {
  const { namespace } = client.options
  // Without it, it only takes longer.
  await client.workflowService.resetStickyTaskQueue({ namespace, execution: { workflowId } }).catch(() => {})
}

async function waitsOf(
  client: Client,
  workflowId: string,
  { waitTypes, identity }: Pick<RecoverWaits, 'waitTypes'> & { identity: string },
): Promise<string[]> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe()
    return (raw.pendingActivities ?? [])
      .filter(
        ({ activityType, state, lastWorkerIdentity }) =>
          waitTypes.includes(activityType?.name ?? '') &&
          state === startedState &&
          lastWorkerIdentity === identity,
      )
      .flatMap(({ activityId }) => activityId ?? [])
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return []
    throw error
  }
}
