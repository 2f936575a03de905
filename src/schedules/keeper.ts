import { setTimeout as sleep } from 'node:timers/promises'
import {
  ApplicationFailure,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type WorkflowUpdateHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
} from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import { workflowTypes } from '../contract/names.ts'
import { grpcStatus, grpcStatusOf, ifThere, isOpen, readStart } from '../executions/index.ts'
import { requireScheduleName } from '../schedule/simulation/index.ts'
import type { KeepScheduleInput, ScheduleMemo } from '../workflows/schedule-messages.ts'
import { endedKeeper, notFinished, noWorker, ScheduleNotFoundError } from './errors.ts'
import { namesOf } from './names.ts'
import type { SchedulesContext, Scope } from './options.ts'

/** The workflow that keeps a schedule: its present execution. */
export interface Keeper {
  name: string
  id: string
  scope: Scope
  handle: WorkflowHandle
  description: WorkflowExecutionDescription
}

/**
 * @param which `kept`: those that are not deleted
 * @throws ScheduleNotFoundError, JobwrightError `bad_schedule_name`, `schedule_ended`
 */
export async function findKeeper(
  context: SchedulesContext,
  scope: Scope,
  name: string,
  which: 'kept' | 'any' = 'kept',
): Promise<Keeper> {
  const keeper = await lookForKeeper(context, scope, name)
  if (keeper && (which === 'any' || isKept(keeper))) return keeper
  if (keeper && keeper.description.status.name !== 'COMPLETED') throw endedKeeper(name)
  throw new ScheduleNotFoundError(name, await namesOf(context, scope))
}

/** undefined: there is none, and never was, as far as Temporal remembers. */
export async function lookForKeeper(
  { client }: SchedulesContext,
  scope: Scope,
  name: string,
): Promise<Keeper | undefined> {
  requireScheduleName(name)
  const id = scope.names.scheduleId(scope.workspace, name)
  const handle = client.workflow.getHandle(id)
  const description = await ifThere(handle.describe())
  const { workspace } = (description?.memo ?? {}) as Partial<ScheduleMemo>
  if (description?.type !== workflowTypes.keepSchedule || workspace !== scope.workspace) return undefined
  return { name, id, scope, handle, description }
}

export const isKept = ({ description }: Keeper): boolean => isOpen(description.status)

/** What a keeper says; undefined when no worker answers. */
export async function ask<T>(
  { client, queryTimeoutMs }: SchedulesContext,
  handle: WorkflowHandle,
  query: string,
): Promise<T | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryTimeoutMs, () => handle.query<T>(query))
  } catch (error) {
    if (isUnanswered(error)) return undefined
    throw error
  }
}

function isUnanswered(error: unknown): boolean {
  return (
    error instanceof ServiceError ||
    error instanceof QueryRejectedError ||
    error instanceof QueryNotRegisteredError
  )
}

/** What the present execution of a keeper was started with: the definition as it is now, since an edit makes a new one. */
export async function startOfKeeper(
  { client }: SchedulesContext,
  { id, description }: Keeper,
): Promise<KeepScheduleInput> {
  const start = await readStart<KeepScheduleInput>(client, { workflowId: id, runId: description.runId })
  if (!start) throw new Error(`the history of ${id} does not begin with its argument`)
  return start.argument
}

/** As the service itself says it. */
export const isNotFound = (error: unknown): boolean => grpcStatusOf(error) === grpcStatus.notFound

/** Of a request that is over when the keeper went on meanwhile: as Temporal's SDK calls it. */
const overtaken = 'AcceptedUpdateCompletedWorkflow'
/** A keeper may go on as a new execution between a look at it and the request. */
const mostTries = 5

/** The execution that was asked is over: the schedule may be, or goes on as another one. */
function isOvertaken(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined
  return cause instanceof ApplicationFailure && cause.type === overtaken
}

/** Something came just when the keeper was to go on, and it has to think again. Nothing was done. */
const isUnlucky = (error: unknown): boolean => grpcStatusOf(error) === grpcStatus.failedPrecondition

/** How a request is sent, so that it is known when it was accepted. */
export type SendUpdate<T> = (
  waitForStage: typeof WorkflowUpdateStage.ACCEPTED,
) => Promise<WorkflowUpdateHandle<T>>

/**
 * Has a keeper do something, and waits until it is done.
 * @param what for people: ``the pause of schedule nightly``
 * @throws JobwrightError with the code of a refusal, `no_worker`, `not_finished`
 */
export async function request<T>(context: SchedulesContext, what: string, send: SendUpdate<T>): Promise<T> {
  const { client, acceptTimeoutMs, decisionTimeoutMs } = context
  for (let tries = 1; ; tries += 1) {
    let update: WorkflowUpdateHandle<T> | undefined
    try {
      update = await client.withDeadline(Date.now() + acceptTimeoutMs, () =>
        send(WorkflowUpdateStage.ACCEPTED),
      )
      const accepted = update
      return await client.withDeadline(Date.now() + decisionTimeoutMs, () => accepted.result())
    } catch (error) {
      if ((isOvertaken(error) || isUnlucky(error)) && tries < mostTries) {
        await sleep(tries * 50)
        continue
      }
      if (isTimeout(error)) throw update ? notFinished(what, error) : noWorker(what, error)
      throw asRefusal(error)
    }
  }
}

/** Of a keeper that exists. @throws ScheduleNotFoundError, and what `request` throws */
export async function update<T>(
  context: SchedulesContext,
  keeper: Pick<Keeper, 'id' | 'name' | 'scope'>,
  { verb, name, args }: { verb: string; name: string; args?: object },
): Promise<T> {
  const { client } = context
  const what = `\`${verb}\` of schedule ${keeper.name}`
  try {
    return await request<T>(context, what, (waitForStage) =>
      client.workflow.getHandle(keeper.id).startUpdate<T, [unknown]>(name, { args: [args], waitForStage }),
    )
  } catch (error) {
    const isGone =
      error instanceof WorkflowNotFoundError ||
      (error instanceof JobwrightError && error.code === 'schedule_deleted')
    if (isGone) throw new ScheduleNotFoundError(keeper.name, await namesOf(context, keeper.scope))
    throw error
  }
}

/** Nobody answered in time, or Temporal went away before it did: UNAVAILABLE. */
function isTimeout(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true
  // Of a start and an update in one.
  return grpcStatusOf(error) === grpcStatus.deadlineExceeded
}

/** The keeper's own no, with its code. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof WorkflowUpdateFailedError) || isOvertaken(error)) return error
  const { cause } = error
  const code = (cause instanceof ApplicationFailure && cause.type) || 'not_done'
  const message = cause?.message ?? error.message
  const fix =
    code === 'schedule_name_taken'
      ? 'give the schedule another `name`, or delete the one there is: `jobwright schedule delete NAME`'
      : undefined
  return new JobwrightError({ code, fault: 'refused', message, fix, cause: error })
}
