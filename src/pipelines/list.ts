import { searchAttributes, workflowTypes } from '../contract/names.ts'
import { isUnknownSearchAttribute, SearchAttributesError } from '../temporal/index.ts'
import type { PipelinesContext } from './options.ts'
import { bareView, type PipelineRunView } from './view.ts'

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
}

type Filter = Pick<ListPipelines, 'workspace' | 'owner'>

/** Runs newest first, without their steps. @throws SearchAttributesError */
export async function listRuns(
  context: PipelinesContext,
  options: ListPipelines,
): Promise<PipelineRunView[]> {
  const { limit = 100, owner } = options
  const workspace = context.workspace ?? options.workspace
  // What lies outside of the bound does not exist.
  if (options.workspace !== undefined && options.workspace !== workspace) return []
  const views: PipelineRunView[] = []
  const filter = { workspace, owner }
  try {
    for await (const info of context.client.workflow.list({ query: listQuery(filter) })) {
      if (info.status.name === 'CONTINUED_AS_NEW') continue
      const view = bareView(info)
      if (isWanted(view, filter)) views.push(view)
      if (views.length >= limit) break
    }
  } catch (error) {
    if (!isUnknownSearchAttribute(error)) throw error
    throw new SearchAttributesError(context.client.options.namespace, undefined, error)
  }
  return views
}

/** Temporal's query for the runs that a filter lets through, and perhaps for more. */
export function listQuery({ workspace, owner }: Filter): string {
  const conditions = [
    equals('WorkflowType', workflowTypes.runPipeline),
    ...(workspace === undefined ? [] : [equals(searchAttributes.workspace, workspace)]),
    ...(owner === undefined ? [] : [equals(searchAttributes.owner, owner)]),
  ]
  return conditions.filter((condition) => condition !== undefined).join(' AND ')
}

/**
 * undefined for a value that would need escapes: how they are read differs with the database behind Temporal, and one
 * that is read wrongly finds nothing, or everything.
 */
function equals(attribute: string, value: string): string | undefined {
  return /['"`\\\p{Cc}]/u.test(value) ? undefined : `${attribute} = '${value}'`
}

/** What the query could not say, and what a database may compare more loosely than we do. */
function isWanted(view: PipelineRunView, { workspace, owner }: Filter): boolean {
  return (
    (workspace === undefined || view.workspace === workspace) && (owner === undefined || view.owner === owner)
  )
}
