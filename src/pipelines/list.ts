import type { Client, WorkflowExecutionInfo } from '@temporalio/client'
import { searchAttributes, workflowTypes } from '../contract/names.ts'
import type { PipelineStatus } from '../pipeline/plan/index.ts'
import { isUnknownSearchAttribute, SearchAttributesError } from '../temporal/index.ts'
import { type Asked, after, type ListPlace, readCursor, writeCursor } from './list-place.ts'
import type { PipelinesContext } from './options.ts'
import { memoOf, type PipelineRunSummary, type RunInfo, summaryView } from './view.ts'
import type { CallOptions } from './waiting.ts'

/** Which runs are listed. */
export interface ListPipelines extends CallOptions {
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
  /** Only runs of the schedule of this name. @default all, also those of none */
  schedule?: string | undefined
  /** Only runs that were started then or later. @default whenever they were */
  startedAfter?: Date | undefined
  /** Also runs that are steps of other runs. @default false */
  nested?: boolean | undefined
  /** Only runs that were started before. @default whenever they were */
  startedBefore?: Date | undefined
  /**
   * The `nextCursor` of an earlier answer: the list goes on there.
   * @default from the beginning
   */
  cursor?: string | null | undefined
}

/** A part of a list. */
export interface PipelineRunPage {
  runs: PipelineRunSummary[]
  /** Where the list goes on; null at its end. */
  nextCursor: string | null
}

type Filter = Omit<ListPipelines, 'limit' | 'cursor' | 'signal'>

/** Runs without their steps: open ones first, newest first; then the others, last ended first. @throws SearchAttributesError, JobwrightError `bad_cursor`, `cursor_of_other_filters` */
export async function listRuns(context: PipelinesContext, options: ListPipelines): Promise<PipelineRunPage> {
  const { limit = 100, cursor, signal: _, ...wanted } = options
  const workspace = context.workspace ?? options.workspace
  const filter = { ...wanted, workspace }
  const asked = askedOf(filter)
  const from = cursor === undefined || cursor === null ? undefined : readCursor(cursor, asked)
  // What lies outside of the bound does not exist.
  if (options.workspace !== undefined && options.workspace !== workspace)
    return { runs: [], nextCursor: null }
  const runs: PipelineRunSummary[] = []
  let last = from
  try {
    for await (const { info, place } of runsFrom(context.client, filter, from)) {
      const view = summaryView(info)
      // One that ended just now is met twice.
      if (!isShown(info, filter) || !isWanted(view, filter) || runs.some(({ id }) => id === view.id)) continue
      if (runs.length >= limit) return { runs, nextCursor: last ? writeCursor(last, asked) : null }
      runs.push(view)
      last = after(last, place, info.runId)
    }
  } catch (error) {
    if (!isUnknownSearchAttribute(error)) throw error
    throw new SearchAttributesError(context.client.options.namespace, undefined, error)
  }
  return { runs, nextCursor: null }
}

/** What a list was asked for, as its cursors keep it. */
function askedOf(filter: Filter): Asked {
  const { workspace, owner, pipeline, statuses, schedule, startedAfter, startedBefore, nested } = filter
  const values = {
    workspace,
    owner,
    pipeline,
    statuses: statuses?.toSorted().join(),
    schedule,
    startedAfter: startedAfter?.toISOString(),
    startedBefore: startedBefore?.toISOString(),
    nested: nested ? 'true' : undefined,
  }
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** Temporal lists what is open first, by its start, and then what is closed, by its close. */
async function* runsFrom(
  client: Client,
  filter: Filter,
  from: ListPlace | undefined,
): AsyncGenerator<{ info: WorkflowExecutionInfo; place: Pick<ListPlace, 'part' | 'atMs'> }> {
  const { statuses } = filter
  const parts = (['open', 'closed'] as const).filter(
    (part) =>
      (statuses === undefined || statuses.some((status) => isOpen(status) === (part === 'open'))) &&
      (from?.part !== 'closed' || part === 'closed'),
  )
  for (const part of parts) {
    const bound = from?.part === part ? from : undefined
    for await (const info of client.workflow.list({ query: listQuery(filter, { part, bound }) })) {
      if (info.status.name === 'CONTINUED_AS_NEW') continue
      // It may have ended since it was found.
      const atMs = (part === 'open' ? info.startTime : (info.closeTime ?? info.startTime)).getTime()
      if (bound?.atMs === atMs && bound.listed.includes(info.runId)) continue
      yield { info, place: { part, atMs } }
    }
  }
}

/** Temporal's query for the runs that a filter lets through, and perhaps for more. */
export function listQuery(
  { workspace, owner, schedule, statuses, startedAfter }: Filter,
  { part, bound }: { part?: ListPlace['part']; bound?: ListPlace | undefined } = {},
): string {
  const time = part === 'open' ? 'StartTime' : 'CloseTime'
  const conditions = [
    equals('WorkflowType', workflowTypes.runPipeline),
    ...(part === undefined ? [] : [`ExecutionStatus ${part === 'open' ? '=' : '!='} 'Running'`]),
    // Up to the end of the millisecond: Temporal counts finer.
    ...(bound === undefined ? [] : [`${time} < '${new Date(bound.atMs + 1).toISOString()}'`]),
    ...(statuses === undefined ? [] : [isOneOf(statuses)]),
    // Of a run with several executions, each of them started no earlier than the run.
    ...(startedAfter === undefined ? [] : [`StartTime >= '${startedAfter.toISOString()}'`]),
    ...(workspace === undefined ? [] : [equals(searchAttributes.workspace, workspace)]),
    ...(owner === undefined ? [] : [equals(searchAttributes.owner, owner)]),
    ...(schedule === undefined ? [] : [equals(searchAttributes.schedule, schedule)]),
  ]
  return conditions.filter((condition) => condition !== undefined).join(' AND ')
}

const isOpen = (status: PipelineStatus): boolean => temporalStatuses[status].includes('Running')

/** Temporal's words for how runs of a status stand; all that are open are running to it. */
const temporalStatuses: Readonly<Record<PipelineStatus, readonly string[]>> = {
  pending: ['Running'],
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

/** A run that is a step of another one is seen there. The memo tells of the schedule where the query could not. */
function isShown(info: RunInfo, { nested = false, schedule }: Filter): boolean {
  const { parent, isBarred, schedule: own } = memoOf(info)
  return !isBarred && (nested || parent === undefined) && (schedule === undefined || own === schedule)
}

/** What the query could not say, and what a database may compare more loosely than we do. */
function isWanted(view: PipelineRunSummary, filter: Filter): boolean {
  const { workspace, owner, pipeline, statuses, startedAfter, startedBefore } = filter
  return (
    (workspace === undefined || view.workspace === workspace) &&
    (owner === undefined || view.owner === owner) &&
    (pipeline === undefined || view.pipeline === pipeline) &&
    (statuses === undefined || statuses.includes(view.status)) &&
    (startedAfter === undefined || Date.parse(view.started_at) >= startedAfter.getTime()) &&
    (startedBefore === undefined || Date.parse(view.started_at) < startedBefore.getTime())
  )
}
