import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import { present } from '../base/present.ts'
import { backfillNames, searchAttributes, workflowTypes } from '../contract/names.ts'
import type { BackfillView, StartedBackfill } from '../contract/schedules/backfills.ts'
import { attributePairs, ifThere, isOpen } from '../executions/index.ts'
import type { CallOptions } from '../pipelines/waiting.ts'
import { isUnknownSearchAttribute, SearchAttributesError } from '../temporal/index.ts'
import type { BackfillMemo, PauseBackfill, RunBackfillInput } from '../workflows/backfill-messages.ts'
import { type Found, findBackfill, showBackfill, unanswered } from './backfill-look.ts'
import { definitionOf, warningsOf } from './backfill-plan.ts'
import { requestBackfill } from './backfill-request.ts'
import type { ListBackfills, StartBackfill } from './backfill-types.ts'
import { requireKey } from './errors.ts'
import { findKeeper, request as requestOf } from './keeper.ts'
import { type SchedulesContext, scopeOf } from './options.ts'

/**
 * Starts a backfill of the schedule as it is now; a later edit changes nothing of it.
 * @throws ScheduleNotFoundError, JobwrightError `bad_key`, `backfill_id_reused`, and what `requestBackfill` throws
 */
export async function startBackfill(
  context: SchedulesContext,
  name: string,
  { key = randomBytes(4).toString('hex'), ...options }: StartBackfill,
): Promise<StartedBackfill> {
  requireKey('backfill', key)
  const scope = await scopeOf(context)
  const { definition, revision } = await definitionOf(context, await findKeeper(context, scope, name))
  const { request, ticks } = requestBackfill(definition, options, Date.now())
  const id = `${name}-backfill-${key}`
  const owner = scope.owner?.email
  const input: RunBackfillInput = {
    ...{ id, definition, revision, request, ticks: ticks.length, timing: context.timing },
    ...present({ owner }),
  }
  const memo: BackfillMemo = {
    ...{ backfill: id, schedule: name, pipeline: definition.plan.name, request, ticks: ticks.length },
    ...present({ workspace: scope.workspace, owner }),
    startedAtMs: Date.now(),
  }
  const started = {
    id,
    existed: false,
    ticks: ticks.length,
    warnings: await warningsOf(context, request.fromMs),
  }
  try {
    await context.client.workflow.start(workflowTypes.runBackfill, {
      workflowId: scope.names.backfillId(scope.workspace, id),
      taskQueue: scope.taskQueue,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      memo: { ...memo },
      typedSearchAttributes: attributePairs({ workspace: scope.workspace, owner, schedule: name }),
      staticSummary: id,
      args: [input],
    })
    return started
  } catch (error) {
    if (isUnknownSearchAttribute(error))
      throw new SearchAttributesError(context.client.options.namespace, undefined, error)
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    requireSame(id, await findBackfill(context, scope, id), options.until === undefined ? null : request)
    return { ...started, existed: true }
  }
}

/** @param asked null: without an end, which is another one each time */
function requireSame(id: string, { memo }: Found, asked: RunBackfillInput['request'] | null): void {
  if (
    asked === null ||
    canonicalJson(asked as unknown as Json) === canonicalJson(memo.request as unknown as Json)
  )
    return
  throw new JobwrightError({
    code: 'backfill_id_reused',
    fault: 'refused',
    message: `the id ${id} belongs to a backfill of another range, or with other options; nothing was started`,
    fix: 'start it under another key',
  })
}

/** Those of a schedule, newest first. @throws ScheduleNotFoundError, SearchAttributesError */
export async function listBackfills(
  context: SchedulesContext,
  name: string,
  { limit = 20 }: ListBackfills,
): Promise<BackfillView[]> {
  const scope = await scopeOf(context)
  await findKeeper(context, scope, name, 'any')
  const query = [
    `WorkflowType = '${workflowTypes.runBackfill}'`,
    "ExecutionStatus != 'ContinuedAsNew'",
    `${searchAttributes.schedule} = '${name}'`,
  ].join(' AND ')
  const ids = new Map<string, number>()
  try {
    for await (const { workflowId, memo } of context.client.workflow.list({ query })) {
      const { backfill = '', startedAtMs = 0 } = (memo ?? {}) as Partial<BackfillMemo>
      if (workflowId === scope.names.backfillId(scope.workspace, backfill)) ids.set(backfill, startedAtMs)
    }
  } catch (error) {
    if (!isUnknownSearchAttribute(error)) throw error
    throw new SearchAttributesError(context.client.options.namespace, undefined, error)
  }
  const newest = [...ids].toSorted(([, a], [, b]) => b - a).slice(0, limit)
  return Promise.all(newest.map(([id]) => showBackfill(context, id)))
}

/** Starts nothing more until it is resumed; runs of it go on. @throws BackfillNotFoundError, JobwrightError `backfill_over`, `no_worker` */
export async function pauseBackfill(
  context: SchedulesContext,
  id: string,
  { note }: { note?: string | undefined },
): Promise<BackfillView> {
  const { owner } = await scopeOf(context)
  const pause: PauseBackfill = present({ note, by: owner?.email })
  return steer(context, id, { verb: 'pause', name: backfillNames.pause, args: [pause] })
}

/** @throws as `pauseBackfill` does */
export async function resumeBackfill(context: SchedulesContext, id: string): Promise<BackfillView> {
  return steer(context, id, { verb: 'resume', name: backfillNames.resume, args: [] })
}

async function steer(
  context: SchedulesContext,
  id: string,
  { verb, name, args }: { verb: string; name: string; args: unknown[] },
): Promise<BackfillView> {
  const { client } = context
  const { description } = await findBackfill(context, await scopeOf(context), id)
  const handle = client.workflow.getHandle(description.workflowId)
  if (!isOpen(description.status)) throw over(id, verb)
  try {
    return await requestOf<BackfillView>(context, `\`${verb}\` of backfill ${id}`, (waitForStage) =>
      handle.startUpdate<BackfillView, [unknown]>(name, { args: args as [unknown], waitForStage }),
    )
  } catch (error) {
    throw error instanceof WorkflowNotFoundError ? over(id, verb) : error
  }
}

function over(id: string, verb: string): JobwrightError {
  return new JobwrightError({
    code: 'backfill_over',
    fault: 'refused',
    message: `backfill ${id} is over: there is nothing to ${verb}`,
    fix: `see how it ended with \`jobwright backfill show ${id}\``,
  })
}

/**
 * Asks it to stop: it starts nothing more, cancels its open runs, and ends when they have. Temporal keeps the request, whether a worker is
 * there or not. Of one that is over nothing is asked. @throws BackfillNotFoundError
 */
export async function cancelBackfill(context: SchedulesContext, id: string): Promise<void> {
  const { description } = await findBackfill(context, await scopeOf(context), id)
  await ifThere(context.client.workflow.getHandle(description.workflowId).cancel())
}

const lookEveryMs = 1_000

/** Goes on through outages, once it was seen; while no worker answers, it stays as it was last seen. */
export async function* watchBackfill(
  look: () => Promise<BackfillView>,
  { signal }: CallOptions,
  closing: AbortSignal | undefined,
): AsyncGenerator<BackfillView, void, undefined> {
  for (let last: BackfillView | undefined; ; ) {
    const seen = await look().catch((error: unknown) => {
      const isAway = error instanceof JobwrightError && error.fault === 'unreachable'
      if (last !== undefined && isAway) return last
      throw error
    })
    const isAnswered = !seen.warnings.includes(unanswered)
    const view: BackfillView = isAnswered || last === undefined ? seen : { ...last, warnings: [unanswered] }
    if (JSON.stringify(view) !== JSON.stringify(last)) yield view
    if (view.finished_at !== null) return
    last = view
    await sleep(lookEveryMs, undefined, signal ? { signal } : {})
    closing?.throwIfAborted()
  }
}
