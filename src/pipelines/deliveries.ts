import {
  ActivityFailure,
  ApplicationFailure,
  type Client,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client'
import type { DeliveryReport, FailedAttempt } from '../activities/notify/types.ts'
import { notificationId } from '../contract/names.ts'
import type { Delivery, Notice } from '../contract/pipelines/view.ts'
import { ifThere, isOpen } from '../executions/index.ts'
import { receiverName } from '../pipeline/index.ts'
import { messageId } from '../webhooks/signing.ts'
import type { RunPipelineInput } from '../workflows/messages.ts'

/** More than anybody reads; the latest. */
const mostShown = 50

type Progress = Pick<Delivery, 'state' | 'attempts' | 'error' | 'delivered_at' | 'next_try_at'>

const unknown: Progress = { state: 'unknown', attempts: 0, error: null, delivered_at: null }

/** How far those are who are told of a run: asked of the workflows that tell them. */
export function deliveriesOf(client: Client, notices: readonly Notice[]): Promise<Delivery[]> {
  return Promise.all(
    notices.slice(-mostShown).map(async (notice) => ({
      ...notice,
      id: messageId(notice.id),
      ...(await progressOf(client.workflow.getHandle(notice.id))),
    })),
  )
}

/** Of a run that was closed from outside, and so could begin nothing: those whom a sweep tells, if it has been there. */
export async function noticesOfSweep(
  client: Client,
  { plan }: Pick<RunPipelineInput, 'plan'>,
  { workflowId, raw }: WorkflowExecutionDescription,
): Promise<Notice[]> {
  const firstExecutionRunId = raw.workflowExecutionInfo?.firstRunId ?? ''
  const found = await Promise.all(
    (plan.notify ?? []).map(async ({ on, receiver }, index): Promise<Notice[]> => {
      if (!on.includes('failed')) return []
      const id = notificationId({ id: workflowId, firstExecutionRunId }, 'failed', index)
      const description = await ifThere(client.workflow.getHandle(id).describe())
      if (!description) return []
      return [
        { id, event: 'failed', receiver: receiverName(receiver), at: description.startTime.toISOString() },
      ]
    }),
  )
  return found.flat()
}

async function progressOf(handle: WorkflowHandle): Promise<Progress> {
  const description = await ifThere(handle.describe())
  if (!description) return unknown
  if (isOpen(description.status)) return pendingOf(description)
  try {
    const { attempts, deliveredAtMs } = (await handle.result()) as DeliveryReport
    const deliveredAt = new Date(deliveredAtMs).toISOString()
    return { state: 'delivered', attempts, error: null, delivered_at: deliveredAt }
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    return failedWith(error.cause)
  }
}

/** Temporal says only which of its times was over. */
const lost = 'the attempt was lost with its worker'

/** Not yet handed to a worker: Temporal counts the attempt that is to come. */
const scheduled = 1

function pendingOf({ raw }: WorkflowExecutionDescription): Progress {
  const [activity] = raw.pendingActivities ?? []
  if (!activity) return { state: 'pending', attempts: 0, error: null, delivered_at: null }
  const { attempt, state, lastFailure, nextAttemptScheduleTime: next } = activity
  const isWaiting = state === scheduled
  const nextMs = Number(next?.seconds ?? 0) * 1000
  return {
    state: 'pending',
    attempts: (attempt ?? 1) - (isWaiting ? 1 : 0),
    error: lastFailure?.timeoutFailureInfo ? lost : (lastFailure?.message ?? null),
    delivered_at: null,
    ...(isWaiting && nextMs > 0 ? { next_try_at: new Date(nextMs).toISOString() } : {}),
  }
}

function failedWith(cause: Error | undefined): Progress {
  const own = cause instanceof ActivityFailure ? lastAttempt(cause) : undefined
  const details = own?.details?.[0] as FailedAttempt | undefined
  return {
    state: 'failed',
    attempts: details?.attempt ?? 0,
    error: own?.message ?? cause?.message ?? 'it was ended from outside',
    delivered_at: null,
  }
}

/** When its time is over, what the last attempt said stands behind that. */
function lastAttempt(error: Error): ApplicationFailure | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (at instanceof ApplicationFailure) return at
  return undefined
}
