import { Context } from '@temporalio/activity'
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client'
import { notificationId, workflowTypes } from '../../contract/names.ts'
import { readStart } from '../../executions/index.ts'
import { type PipelinePlan, receiverName, runNotification } from '../../pipeline/plan/index.ts'
import type { NotificationInput } from './types.ts'

/** The argument of `runPipeline`, as far as it is needed here. */
interface Argument {
  plan: PipelinePlan
  schedule?: { schedule: string; nominalMs: number }
}

/**
 * Begins to tell of a run that was closed from outside, where no code of it could: under the ids that it would have used itself, so that
 * nobody is told twice.
 */
export async function tellFailed(client: Client, handle: WorkflowHandle, closedAtMs: number): Promise<void> {
  const description = await handle.describe()
  const { workflowId, runId, raw } = description
  const argument = (await readStart<Argument>(client, { workflowId, runId }))?.argument
  const { notify = [] } = argument?.plan ?? {}
  if (!argument || !notify.some(({ on }) => on.includes('failed'))) return
  const subject = { id: workflowId, firstExecutionRunId: raw.workflowExecutionInfo?.firstRunId ?? '' }
  const body = bodyOf(description, argument, closedAtMs)
  for (const [index, { on, receiver }] of notify.entries())
    if (on.includes('failed'))
      await begin(client, notificationId(subject, 'failed', index), { event: 'failed', receiver, body })
}

/** Which steps were open is not known here; `show` tells. */
function bodyOf(
  { workflowId, status, startTime, memo }: WorkflowExecutionDescription,
  { plan, schedule }: Argument,
  closedAtMs: number,
) {
  const startedAtMs = Number(memo?.['startedAtMs'] ?? startTime.getTime())
  const view = {
    id: workflowId,
    pipeline: plan.name,
    status: 'failed' as const,
    started_at: new Date(startedAtMs).toISOString(),
    finished_at: new Date(closedAtMs).toISOString(),
    steps: [],
  }
  const error = `the workflow was closed from outside (${status.name.toLowerCase()})`
  return runNotification(view, { event: 'failed', atMs: closedAtMs, schedule, error })
}

async function begin(client: Client, workflowId: string, input: NotificationInput): Promise<void> {
  try {
    await client.workflow.start(workflowTypes.deliverNotification, {
      workflowId,
      taskQueue: Context.current().info.taskQueue,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: `${input.body.type} to ${receiverName(input.receiver)}`,
      args: [input],
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
