import {
  ApplicationFailure,
  type Client,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client'
import { queryNames } from '../contract/names.ts'
import type { Notice } from '../contract/pipelines/view.ts'
import { isOpen } from '../executions/index.ts'
import type { PipelineRunView as RunOwnView } from '../pipeline/plan/index.ts'
import type { RunsAccess } from './access.ts'
import { deliveriesOf, noticesOfSweep } from './deliveries.ts'
import { type FoundRun, findRun } from './find.ts'
import { argumentOf } from './inputs.ts'
import { withPositions } from './limits.ts'
import { troublesOf } from './troubles.ts'
import { bareView, closedStatuses, closeTime, ownedView, type PipelineRunView, type RunInfo } from './view.ts'

const unansweredWarning =
  'no worker answers in time, so the steps cannot be shown; is one running, and not too busy? (`jobwright worker`, `jobwright dev`)'

/** Where a run stands. @throws PipelineRunNotFoundError */
export async function showRun(context: RunsAccess, id: string): Promise<PipelineRunView> {
  const found = await findRun(context, id, 'any')
  if (!isOpen(found.description.status)) {
    const { own, view } = await closedRun(context, found)
    return withDeliveries(context, view, own?.notices ?? [], hasTold(found, own) ? undefined : found)
  }
  const own = await queryRun(context, found)
  const view = await withPositions(context, openView(own, found.description))
  return withDeliveries(context, view, own?.notices ?? [])
}

/** @param closed the run, where it could not tell of its end itself */
async function withDeliveries(
  { client }: RunsAccess,
  view: PipelineRunView,
  own: readonly Notice[],
  closed?: FoundRun,
): Promise<PipelineRunView> {
  const notices = [...own, ...(closed ? await toldForIt(client, closed) : [])]
  return notices.length === 0 ? view : { ...view, deliveries: await deliveriesOf(client, notices) }
}

/** Whether it was the run itself that ended. */
function hasTold({ description }: FoundRun, own: RunOwnView | undefined): boolean {
  const { name } = description.status
  return name === 'FAILED' ? own !== undefined : name !== 'TERMINATED' && name !== 'TIMED_OUT'
}

async function toldForIt(client: Client, { description, names }: FoundRun): Promise<Notice[]> {
  if (names.progress !== queryNames.progress) return []
  const argument = await argumentOf(client, description)
  return argument ? noticesOfSweep(client, argument, description) : []
}

/** What a worker that does not have a run at hand may take longer for each event of its history; for all, as clients of the API wait ten seconds. */
const perEventMs = 5
const longestReplayMs = 5_000

/** What a run says of itself; undefined when no worker answers in time. */
export async function queryRun(
  { client, queryTimeoutMs }: RunsAccess,
  { handle, names, description: { historyLength } }: Pick<FoundRun, 'handle' | 'names' | 'description'>,
): Promise<RunOwnView | undefined> {
  const patienceMs = queryTimeoutMs + Math.min(longestReplayMs, historyLength * perEventMs)
  try {
    return await client.withDeadline(Date.now() + patienceMs, () => handle.query<RunOwnView>(names.progress))
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
  return (await closedRun(context, found)).view
}

/** What a run that is over said of itself last, if it did. */
interface ClosedRun {
  own?: RunOwnView
  view: PipelineRunView
}

async function closedRun(context: RunsAccess, found: FoundRun): Promise<ClosedRun> {
  const { handle, description, names } = found
  const { name } = description.status
  // A workflow of a user's own gives something else.
  const isPipeline = names.progress === queryNames.progress
  if (isPipeline && (name === 'COMPLETED' || name === 'FAILED')) return leftView(handle, description)
  // Neither result nor failure holds a cancelled run's view, and one that was closed from outside could not note it itself.
  const own = await queryRun(context, found)
  if (!own) return { view: unanswered(bareView(description)) }
  // It does not wait any more.
  const { queue: _, ...view } = ownedView(own, description)
  // Then its end is one change more than it counted.
  const seq = own.finished_at === null ? view.seq + 1 : view.seq
  const ended = { seq, status: closedStatuses[name] ?? view.status, finished_at: closeTime(description) }
  return { own, view: { ...view, ...ended } }
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
async function leftView(handle: WorkflowHandle, info: RunInfo): Promise<ClosedRun> {
  const left = (own: RunOwnView) => ({ own, view: ownedView(own, info) })
  try {
    return left((await handle.result()) as RunOwnView)
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    const cause = error.cause
    const view =
      cause instanceof ApplicationFailure ? (cause.details?.[0] as RunOwnView | undefined) : undefined
    if (view) return left(view)
    const how = `the workflow was closed from outside (${info.status.name.toLowerCase()})`
    return { view: { ...bareView(info), warnings: [`${how}: ${cause?.message ?? ''}`] } }
  }
}
