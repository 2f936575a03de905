import {
  ApplicationFailure,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client'
import { queryNames } from '../contract/names.ts'
import type { PipelineRunView as RunOwnView } from '../pipeline/plan/index.ts'
import type { RunsAccess } from './access.ts'
import { type FoundRun, findRun } from './find.ts'
import { withPositions } from './limits.ts'
import { troublesOf } from './troubles.ts'
import { bareView, closedStatuses, closeTime, ownedView, type PipelineRunView, type RunInfo } from './view.ts'

const unansweredWarning =
  'no worker answers, so the steps cannot be shown; is one running? (`jobwright worker`, `jobwright dev`)'

/** Where a run stands. @throws PipelineRunNotFoundError */
export async function showRun(context: RunsAccess, id: string): Promise<PipelineRunView> {
  const found = await findRun(context, id, 'any')
  if (found.description.status.name !== 'RUNNING') return closedView(context, found)
  return withPositions(context, openView(await queryRun(context, found), found.description))
}

/** What an open run says of itself; undefined when no worker answers. */
export async function queryRun(
  { client, queryTimeoutMs }: RunsAccess,
  { handle, names }: Pick<FoundRun, 'handle' | 'names'>,
): Promise<RunOwnView | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryTimeoutMs, () =>
      handle.query<RunOwnView>(names.progress),
    )
  } catch (error) {
    if (isUnanswered(error)) return undefined
    throw error
  }
}

/** Of an open run: what it said of itself, with what keeps its steps from going on. */
export function openView(
  own: RunOwnView | undefined,
  description: WorkflowExecutionDescription,
): PipelineRunView {
  if (!own) return unanswered(bareView(description))
  const view = ownedView(own, description)
  return { ...view, warnings: [...view.warnings, ...troublesOf(description.raw.pendingActivities ?? [])] }
}

/** A view that nobody can say anything newer than. */
export function unanswered(view: PipelineRunView): PipelineRunView {
  return { ...view, warnings: [...view.warnings, unansweredWarning] }
}

/** Of a run that is over. */
export async function closedView(context: RunsAccess, found: FoundRun): Promise<PipelineRunView> {
  const { handle, description, names } = found
  const { name } = description.status
  // A workflow of a user's own gives something else.
  const isPipeline = names.progress === queryNames.progress
  if (isPipeline && (name === 'COMPLETED' || name === 'FAILED')) return leftView(handle, description)
  // Neither result nor failure holds a cancelled run's view, and one that was closed from outside could not note it itself.
  const own = await queryRun(context, found)
  if (!own) return unanswered(bareView(description))
  const view = ownedView(own, description)
  // Then its end is one change more than it counted.
  const seq = own.finished_at === null ? view.seq + 1 : view.seq
  return { ...view, seq, status: closedStatuses[name] ?? view.status, finished_at: closeTime(description) }
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
async function leftView(handle: WorkflowHandle, info: RunInfo): Promise<PipelineRunView> {
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
