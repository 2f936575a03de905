import {
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { queryNames, workflowTypes } from '../contract/names.ts'
import type { LimitAsk, LimitHolder, LimitMemo, LimitView, LimitWaiter } from '../limit/index.ts'
import type { QueueView } from '../pipeline/plan/index.ts'
import type { RunsAccess } from './access.ts'
import type { PipelineRunView } from './view.ts'

/** A pipeline run, or a step of one, that has a place under a limit or waits for one. */
export interface LimitPlace {
  pipeline_run_id: string
  step?: string
  /** 0-based; absent outside `for_each`. */
  item?: number
  since: string
}

/** A limit under which anybody has a place or waits for one. */
export interface LimitState {
  key: string
  workspace: string | null
  /** null, with nobody in it, where no worker answers. */
  limit: number | null
  holders: LimitPlace[]
  /** In the order in which they get places. */
  waiting: (LimitPlace & { priority: number })[]
}

/** Says of what waits where in line it is, and who has the places: its limit knows, the run does not. */
export async function withPositions(context: RunsAccess, view: PipelineRunView): Promise<PipelineRunView> {
  const queues = [view.queue, ...view.steps.map(({ queue }) => queue)]
  const ids = [...new Set(queues.flatMap((queue) => queue?.kept_by ?? []))].slice(0, mostLimits)
  if (ids.length === 0) return view
  const found = await Promise.all(ids.map(async (id) => [id, await askLimit(context, id)] as const))
  const limits = new Map(found)
  const completed = (queue: QueueView, of?: { step: string; item?: number }): QueueView => {
    const limit = limits.get(queue.kept_by ?? '')
    if (!limit) return queue
    const isOwn = (ask: LimitAsk) =>
      ask.run === view.id && ask.of?.step === of?.step && (ask.of?.item ?? undefined) === of?.item
    const position = limit.waiting.findIndex(isOwn) + 1
    return { ...queue, ...(position > 0 ? { position } : {}), holders: limit.holders.map(placeOf) }
  }
  return {
    ...view,
    ...(view.queue ? { queue: completed(view.queue) } : {}),
    steps: view.steps.map((line) => (line.queue ? { ...line, queue: completed(line.queue, line) } : line)),
  }
}

/** Steps of one run may wait under many keys; nobody reads more. */
const mostLimits = 20

/** All limits that the client may know of, by their keys. */
export async function listLimits(context: RunsAccess): Promise<LimitState[]> {
  const limits: LimitState[] = []
  const query = `WorkflowType = '${workflowTypes.keepLimit}' AND ExecutionStatus = 'Running'`
  for await (const info of context.client.workflow.list({ query })) {
    const { key, workspace = null } = (info.memo ?? {}) as unknown as LimitMemo & { workspace?: string }
    if (context.workspace !== undefined && context.workspace !== workspace) continue
    const found = await askLimit(context, info.workflowId)
    limits.push({
      key,
      workspace,
      limit: found?.limit ?? null,
      holders: (found?.holders ?? []).map(placeOf),
      waiting: (found?.waiting ?? []).map((each) => ({ ...placeOf(each), priority: each.priority })),
    })
  }
  return limits.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/** undefined when no worker answers, or nobody has a place any more. */
async function askLimit({ client, queryTimeoutMs }: RunsAccess, id: string): Promise<LimitView | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryTimeoutMs, () =>
      client.workflow.getHandle(id).query<LimitView>(queryNames.limit),
    )
  } catch (error) {
    const isUnanswered =
      error instanceof ServiceError ||
      error instanceof QueryRejectedError ||
      error instanceof QueryNotRegisteredError ||
      error instanceof WorkflowNotFoundError
    if (isUnanswered) return undefined
    throw error
  }
}

function placeOf({ run, of, sinceMs }: LimitHolder | LimitWaiter): LimitPlace {
  return {
    pipeline_run_id: run,
    ...(of ? { step: of.step, ...(of.item === null ? {} : { item: of.item }) } : {}),
    since: new Date(sinceMs).toISOString(),
  }
}
