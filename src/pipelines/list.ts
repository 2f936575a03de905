import { isGrpcServiceError, ServiceError } from '@temporalio/client'
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers.js'
import { searchAttributes, workflowTypes } from '../contract/names.ts'
import type { PipelineStatus } from '../pipeline/plan/index.ts'
import { isUnknownSearchAttribute, SearchAttributesError } from '../temporal/index.ts'
import { type Asked, badCursor, decodeCursor, encodeCursor, type Place } from './cursor.ts'
import type { PipelinesContext } from './options.ts'
import { type PipelineRunSummary, type RunInfo, summaryView } from './view.ts'
import type { CallOptions } from './waiting.ts'

/** Which runs are listed. */
export interface ListPipelines extends CallOptions {
  /**
   * How many at most.
   * @default 100
   */
  limit?: number | undefined
  /** The `nextCursor` of the page before, with the same filters. @default the first page */
  cursor?: string | null | undefined
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
  /** Only runs that were started earlier. @default whenever they were */
  startedBefore?: Date | undefined
}

/** A page of a list. */
export interface PipelineRunPage {
  /** Newest first, without their steps. */
  runs: PipelineRunSummary[]
  /** For the next page, which may be empty; null when there is none. */
  nextCursor: string | null
}

type Filter = Omit<ListPipelines, 'limit' | 'cursor' | 'signal'>

/** What one call looks through at most: where few runs are wanted of very many, a page may come short. */
const mostPages = 20
const largestPage = 500

/** Runs newest first, without their steps. @throws SearchAttributesError, JobwrightError `bad_cursor`, `cursor_of_other_filters` */
export async function listRuns(
  context: PipelinesContext,
  { limit = 100, cursor, signal: _, ...wanted }: ListPipelines,
): Promise<PipelineRunPage> {
  const workspace = context.workspace ?? wanted.workspace
  // What lies outside of the bound does not exist.
  if (wanted.workspace !== undefined && wanted.workspace !== workspace) return { runs: [], nextCursor: null }
  const filter = { ...wanted, workspace }
  const asked = askedOf(filter)
  let place =
    cursor === undefined || cursor === null ? { pageToken: '', afterId: '' } : decodeCursor(asked, cursor)
  // What Temporal cannot sift for us is looked through in larger pages.
  const isSifted = filter.pipeline === undefined && !filter.statuses && !filter.startedBefore
  const pageSize = Math.min(isSifted ? limit : Math.max(limit, largestPage), largestPage)
  const runs: PipelineRunSummary[] = []
  for (let page = 0; page < mostPages && runs.length < limit; page += 1) {
    const { infos, nextPageToken } = await readPage(context, filter, place, pageSize)
    // One that is not there any more has moved: rather a run twice than none.
    const from = infos.findIndex(({ workflowId }) => workflowId === place.afterId) + 1
    for (const info of infos.slice(from)) {
      if (runs.length >= limit) return { runs, nextCursor: encodeCursor(asked, place) }
      place = { ...place, afterId: info.workflowId }
      const view = summaryView(info)
      if (info.status.name !== 'CONTINUED_AS_NEW' && isWanted(view, filter)) runs.push(view)
    }
    if (nextPageToken === '') return { runs, nextCursor: null }
    place = { pageToken: nextPageToken, afterId: '' }
  }
  return { runs, nextCursor: encodeCursor(asked, place) }
}

async function readPage(
  { client }: PipelinesContext,
  filter: Filter,
  { pageToken }: Place,
  pageSize: number,
): Promise<{ infos: RunInfo[]; nextPageToken: string }> {
  const { namespace, loadedDataConverter } = client.options
  try {
    const answer = await client.workflowService.listWorkflowExecutions({
      namespace,
      query: listQuery(filter),
      pageSize,
      nextPageToken: Buffer.from(pageToken, 'base64'),
    })
    const infos = answer.executions.map((raw) =>
      executionInfoFromRaw(raw, loadedDataConverter, raw, namespace),
    )
    return {
      infos: await Promise.all(infos),
      nextPageToken: Buffer.from(answer.nextPageToken ?? []).toString('base64'),
    }
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error
    const failure = new ServiceError('pipeline runs could not be listed', { cause: error })
    if (isUnknownSearchAttribute(failure)) throw new SearchAttributesError(namespace, undefined, failure)
    // Of what is asked, only the token is not ours.
    if (pageToken !== '' && error.code === invalidArgument) throw badCursor()
    throw failure
  }
}

const invalidArgument = 3

function askedOf({ workspace, owner, pipeline, statuses, startedAfter, startedBefore }: Filter): Asked {
  const values = {
    workspace,
    owner,
    pipeline,
    statuses: statuses?.toSorted().join(','),
    startedAfter: startedAfter?.toISOString(),
    startedBefore: startedBefore?.toISOString(),
  }
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
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

/** What the query could not say, and what a database may compare more loosely than we do. */
function isWanted(view: PipelineRunSummary, filter: Filter): boolean {
  const { workspace, owner, pipeline, statuses, startedAfter, startedBefore } = filter
  const startedMs = Date.parse(view.started_at)
  return (
    (workspace === undefined || view.workspace === workspace) &&
    (owner === undefined || view.owner === owner) &&
    (pipeline === undefined || view.pipeline === pipeline) &&
    (statuses === undefined || statuses.includes(view.status)) &&
    (startedAfter === undefined || startedMs >= startedAfter.getTime()) &&
    (startedBefore === undefined || startedMs < startedBefore.getTime())
  )
}
