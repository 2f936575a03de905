import { searchAttributes, workflowTypes } from '../contract/names.ts'
import type { PipelineStatus } from '../pipeline/plan/index.ts'
import { isUnknownSearchAttribute, SearchAttributesError } from '../temporal/index.ts'
import type { PipelinesContext } from './options.ts'
import { memoOf, type PipelineRunSummary, type RunInfo, summaryView } from './view.ts'

/** Which runs are listed. */
export interface ListPipelines {
  /**
   * How many at most.
   * @default 100
   */
  limit?: number | undefined
  /** Only runs of this workspace. @default all that the client may know of */
  workspace?: string | undefined
  /** Only runs that this email started. @default everybody's */
  owner?: string | undefined
  /** Only runs of pipelines of this name. @default all */
  pipeline?: string | undefined
  /** Only runs with one of these statuses. @default whatever their status */
  statuses?: readonly PipelineStatus[] | undefined
  /** Only runs that were started then or later. @default whenever they were */
  startedAfter?: Date | undefined
  /** Also runs that are steps of other runs. @default false */
  nested?: boolean | undefined
}

type Filter = Omit<ListPipelines, 'limit'>

/** Runs newest first, without their steps. @throws SearchAttributesError */
export async function listRuns(
  context: PipelinesContext,
  options: ListPipelines,
): Promise<PipelineRunSummary[]> {
  const { limit = 100, ...wanted } = options
  const workspace = context.workspace ?? options.workspace
  // What lies outside of the bound does not exist.
  if (options.workspace !== undefined && options.workspace !== workspace) return []
  const views: PipelineRunSummary[] = []
  const filter = { ...wanted, workspace }
  try {
    for await (const info of context.client.workflow.list({ query: listQuery(filter) })) {
      if (info.status.name === 'CONTINUED_AS_NEW') continue
      const view = summaryView(info)
      if (isShown(info, filter) && isWanted(view, filter)) views.push(view)
      if (views.length >= limit) break
    }
  } catch (error) {
    if (!isUnknownSearchAttribute(error)) throw error
    throw new SearchAttributesError(context.client.options.namespace, undefined, error)
  }
  return views
}

/** Temporal's query for the runs that a filter lets through, and perhaps for more. */
export function listQuery({ workspace, owner, statuses, startedAfter }: Filter): string {
  const conditions = [
    equals('WorkflowType', workflowTypes.runPipeline),
    ...(statuses === undefined ? [] : [isOneOf(statuses)]),
    // Of a run with several executions, each of them started no earlier than the run.
    ...(startedAfter === undefined ? [] : [`StartTime >= '${startedAfter.toISOString()}'`]),
    ...(workspace === undefined ? [] : [equals(searchAttributes.workspace, workspace)]),
    ...(owner === undefined ? [] : [equals(searchAttributes.owner, owner)]),
  ]
  return conditions.filter((condition) => condition !== undefined).join(' AND ')
}

/** Temporal's words for how runs of a status stand; all that are open are running to it. */
const temporalStatuses: Readonly<Record<PipelineStatus, readonly string[]>> = {
  running: ['Running'],
  held: ['Running'],
  cancelling: ['Running'],
  completed: ['Completed'],
  failed: ['Failed', 'TimedOut', 'Terminated'],
  cancelled: ['Canceled'],
}

function isOneOf(statuses: readonly PipelineStatus[]): string {
  const words = new Set(statuses.flatMap((status) => temporalStatuses[status]))
  return `ExecutionStatus IN (${[...words].map((word) => `'${word}'`).join(', ')})`
}

/**
 * undefined for a value that would need escapes: how they are read differs with the database behind Temporal, and one
 * that is read wrongly finds nothing, or everything.
 */
function equals(attribute: string, value: string): string | undefined {
  return /['"`\\\p{Cc}]/u.test(value) ? undefined : `${attribute} = '${value}'`
}

/** A run that is a step of another one is seen there. */
function isShown(info: RunInfo, { nested = false }: Filter): boolean {
  const { parent, isBarred } = memoOf(info)
  return !isBarred && (nested || parent === undefined)
}

/** What the query could not say, and what a database may compare more loosely than we do. */
function isWanted(view: PipelineRunSummary, filter: Filter): boolean {
  const { workspace, owner, pipeline, statuses, startedAfter } = filter
  return (
    (workspace === undefined || view.workspace === workspace) &&
    (owner === undefined || view.owner === owner) &&
    (pipeline === undefined || view.pipeline === pipeline) &&
    (statuses === undefined || statuses.includes(view.status)) &&
    (startedAfter === undefined || Date.parse(view.started_at) >= startedAfter.getTime())
  )
}
