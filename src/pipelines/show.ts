import {
  ApplicationFailure,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client'
import { queryNames } from '../contract/names.ts'
import type { PipelineRunView as RunOwnView } from '../pipeline/plan/index.ts'
import { findRun } from './find.ts'
import type { PipelinesContext } from './options.ts'
import { troublesOf } from './troubles.ts'
import { bareView, closedStatuses, closeTime, ownedView, type PipelineRunView, type RunInfo } from './view.ts'

const unansweredWarning =
  'no worker answers, so the steps cannot be shown; is one running? (`jobwright worker`, `jobwright dev`)'

/** Where a run stands. @throws PipelineRunNotFoundError */
export async function showRun(context: PipelinesContext, id: string): Promise<PipelineRunView> {
  const { handle, description, names } = await findRun(context, id, 'any')
  const { name } = description.status
  // A workflow of a user's own gives something else.
  const isPipeline = names.progress === queryNames.progress
  if (isPipeline && (name === 'COMPLETED' || name === 'FAILED')) return closedView(handle, description)
  const queried = await query(context, handle, names.progress)
  if (!queried) return { ...bareView(description), warnings: [unansweredWarning] }
  const view = ownedView(queried, description)
  // A run that was closed from outside could not note it itself; neither result nor failure holds a cancelled run's view.
  return name === 'RUNNING'
    ? { ...view, warnings: [...view.warnings, ...troublesOf(description.raw.pendingActivities ?? [])] }
    : { ...view, status: closedStatuses[name] ?? view.status, finished_at: closeTime(description) }
}

async function query(
  { client, queryTimeoutMs }: PipelinesContext,
  handle: WorkflowHandle,
  name: string,
): Promise<RunOwnView | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryTimeoutMs, () => handle.query<RunOwnView>(name))
  } catch (error) {
    if (isUnanswered(error)) return undefined
    throw error
  }
}

/** No worker polls, it is too slow, or Temporal itself went away in between: the memo still tells something. */
function isUnanswered(error: unknown): boolean {
  return (
    error instanceof ServiceError ||
    error instanceof QueryRejectedError ||
    error instanceof QueryNotRegisteredError
  )
}

/** The view a run left behind: its result, or the details of its failure. */
async function closedView(handle: WorkflowHandle, info: RunInfo): Promise<PipelineRunView> {
  try {
    return ownedView((await handle.result()) as RunOwnView, info)
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    const cause = error.cause
    const view =
      cause instanceof ApplicationFailure ? (cause.details?.[0] as RunOwnView | undefined) : undefined
    if (view) return ownedView(view, info)
    const how = `the workflow was closed from outside (${info.status.name.toLowerCase()})`
    return { ...bareView(info), warnings: [`${how}: ${cause?.message ?? ''}`] }
  }
}
