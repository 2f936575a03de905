import { inBatches } from '../base/batches.ts'
import { scheduleMessages } from '../contract/names.ts'
import type { BackfillPlan } from '../contract/schedules/backfills.ts'
import type { ScheduleView } from '../contract/schedules/view.ts'
import { ifThere } from '../executions/index.ts'
import { ownRunId } from '../schedule/ids.ts'
import {
  newestRun,
  planLine,
  type ScheduleDefinition,
  type Tick,
  type TickRun,
  tickRunStatus,
  ticksInOrder,
} from '../schedule/plan/index.ts'
import { requestBackfill } from './backfill-request.ts'
import type { BackfillOptions } from './backfill-types.ts'
import { ask, findKeeper, type Keeper, startOfKeeper } from './keeper.ts'
import { type SchedulesContext, scopeOf } from './options.ts'

const looksAtOnce = 16

/**
 * What a backfill would do: a line for each of its times. Starts nothing.
 * @throws ScheduleNotFoundError, and what `requestBackfill` throws
 */
export async function planBackfill(
  context: SchedulesContext,
  name: string,
  options: BackfillOptions,
): Promise<BackfillPlan> {
  const keeper = await findKeeper(context, await scopeOf(context), name)
  const { definition } = await definitionOf(context, keeper)
  const { request, ticks } = requestBackfill(definition, options, Date.now())
  const ordered = ticksInOrder(ticks, request.order, null)
  const lines = await inBatches(ordered, looksAtOnce, async (tick) =>
    planLine(tick, await newestOf(context, definition, tick), request.only),
  )
  return {
    schedule: name,
    from: new Date(request.fromMs).toISOString(),
    until: new Date(request.untilMs).toISOString(),
    only: request.only,
    order: request.order,
    max_active: request.maxActive,
    runs: lines.filter(({ action }) => action === 'run').length,
    lines,
    warnings: await warningsOf(context, request.fromMs),
  }
}

/** The schedule as it is now, with its plan: by its keeper's word, else, where no worker answers, by its start. */
export async function definitionOf(
  context: SchedulesContext,
  keeper: Keeper,
): Promise<{ definition: ScheduleDefinition; revision: number }> {
  const { handle } = keeper
  const definition = await ask<ScheduleDefinition>(context, handle, scheduleMessages.definition)
  const view = definition && (await ask<ScheduleView>(context, handle, scheduleMessages.view))
  if (view) return { definition, revision: view.revision }
  const start = await startOfKeeper(context, keeper)
  return { definition: start.definition, revision: start.state?.revision ?? 1 }
}

async function newestOf(
  context: SchedulesContext,
  definition: ScheduleDefinition,
  tick: Tick,
): Promise<TickRun | undefined> {
  if (tick.isDropped) return undefined
  return (await newestRun((id) => lookForRun(context, id), ownRunId(definition, tick.nominalMs)))?.run
}

async function lookForRun({ client }: SchedulesContext, id: string): Promise<TickRun | undefined> {
  const found = await ifThere(client.workflow.getHandle(id).describe())
  return found && { id, status: tickRunStatus(found.status.name) }
}

/** Of what Temporal has forgotten, nobody can say whether it ran. */
export async function warningsOf({ client }: SchedulesContext, fromMs: number): Promise<string[]> {
  const { config } = await client.workflowService.describeNamespace({ namespace: client.options.namespace })
  const keptMs = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000
  if (keptMs === 0 || fromMs >= Date.now() - keptMs) return []
  const days = Math.round(keptMs / 86_400_000)
  return [
    `Temporal keeps what has ended for ${days} ${days === 1 ? 'day' : 'days'}: runs that ended before that are not known, and count as missing`,
  ]
}
