import type { WorkflowExecutionDescription } from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import { backfillNames, workflowTypes } from '../contract/names.ts'
import type { BackfillView } from '../contract/schedules/backfills.ts'
import { ifThere, readStart } from '../executions/index.ts'
import { createBackfillState, viewBackfill } from '../schedule/plan/index.ts'
import type { BackfillMemo, RunBackfillInput } from '../workflows/backfill-messages.ts'
import { ask } from './keeper.ts'
import { type SchedulesContext, type Scope, scopeOf } from './options.ts'

/** There is no such backfill, or none in the workspace that is asked about. */
export class BackfillNotFoundError extends JobwrightError {
  override readonly name = 'BackfillNotFoundError'

  constructor(id: string) {
    super({
      code: 'unknown_backfill',
      fault: 'usage',
      message: `no backfill ${id}`,
      fix: '`jobwright schedule backfills NAME` lists those of a schedule',
    })
  }
}

/** A backfill, as Temporal knows it. */
export interface Found {
  description: WorkflowExecutionDescription
  memo: BackfillMemo
}

/** @throws BackfillNotFoundError */
export async function findBackfill({ client }: SchedulesContext, scope: Scope, id: string): Promise<Found> {
  const handle = client.workflow.getHandle(scope.names.backfillId(scope.workspace, id))
  const description = await ifThere(handle.describe())
  if (description?.type !== workflowTypes.runBackfill) throw new BackfillNotFoundError(id)
  return { description, memo: (description.memo ?? {}) as unknown as BackfillMemo }
}

/** Where a backfill stands; of an open one by its own word. @throws BackfillNotFoundError */
export async function showBackfill(context: SchedulesContext, id: string): Promise<BackfillView> {
  const scope = await scopeOf(context)
  return viewOf(context, await findBackfill(context, scope, id))
}

/** Of a view that is older than it could be. */
export const unanswered =
  'no worker answers, so this is as it was some time ago; is one running? (`jobwright worker`, `jobwright dev`)'

async function viewOf(context: SchedulesContext, found: Found): Promise<BackfillView> {
  const { description } = found
  const handle = context.client.workflow.getHandle(description.workflowId)
  switch (description.status.name) {
    case 'RUNNING':
    case 'PAUSED':
      return (
        (await ask<BackfillView>(context, handle, backfillNames.view)) ??
        lastKnown(context, found, unanswered)
      )
    case 'COMPLETED':
      return (await handle.result()) as BackfillView
    default:
      return lastKnown(
        context,
        found,
        `it was closed from outside (${description.status.name.toLowerCase()}): its open runs go on, and another backfill takes the times that are left`,
      )
  }
}

/** What is known without a worker: how it stood when its present execution began. */
async function lastKnown(
  { client }: SchedulesContext,
  { description, memo }: Found,
  warning: string,
): Promise<BackfillView> {
  const { backfill: id, schedule, pipeline, workspace, owner, request, ticks, startedAtMs, status } = memo
  const { workflowId, runId, closeTime } = description
  const start = await readStart<RunBackfillInput>(client, { workflowId, runId })
  const view = viewBackfill(
    { id, schedule, pipeline, workspace, owner },
    request,
    start?.argument.state ?? createBackfillState(startedAtMs, ticks),
  )
  return {
    ...view,
    status: closeTime === undefined ? (status ?? view.status) : 'failed',
    finished_at: closeTime?.toISOString() ?? null,
    warnings: [warning],
  }
}
