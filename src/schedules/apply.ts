import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ScheduleNotFoundError as TemporalScheduleNotFoundError,
  WithStartWorkflowOperation,
} from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import { present } from '../base/present.ts'
import { scheduleMessages, workflowTypes } from '../contract/names.ts'
import type { ScheduleChange, ScheduleView } from '../contract/schedules/view.ts'
import { attributePairs } from '../executions/index.ts'
import {
  createScheduleState,
  type ScheduleDefinition,
  type ScheduleSpec,
  viewSchedule,
} from '../schedule/plan/index.ts'
import { nextTicks } from '../schedule/times/index.ts'
import type {
  ApplyScheduleAnswer,
  ApplyScheduleRequest,
  KeepScheduleInput,
  ScheduleMemo,
} from '../workflows/schedule-messages.ts'
import { type Defined, define } from './define.ts'
import { notFinished } from './errors.ts'
import { ask, isKept, isNotFound, type Keeper, lookForKeeper, request, startOfKeeper } from './keeper.ts'
import { lookAt, nextTimes, shownTimes } from './look.ts'
import { matchingTimes } from './matching-times.ts'
import { type SchedulesContext, type Scope, scopeOf } from './options.ts'
import type { NewSchedule } from './types.ts'

/** A schedule as it is now. */
interface Present {
  keeper: Keeper
  view: ScheduleView
  definition: ScheduleDefinition
}

/** What an apply would change. @throws what `applySchedule` throws */
export async function planSchedule(
  context: SchedulesContext,
  schedule: NewSchedule,
): Promise<ScheduleChange> {
  const { change } = await compare(context, schedule)
  return { ...change, dry_run: true }
}

/** What is asked for, beside what is there. */
async function compare(context: SchedulesContext, schedule: NewSchedule) {
  const scope = await scopeOf(context)
  const defined = await define(context, scope, schedule)
  const keeper = await lookForKeeper(context, scope, defined.definition.name)
  const isThere = keeper !== undefined && isKept(keeper)
  const before = isThere ? await presentOf(context, keeper, defined.definition) : undefined
  return {
    scope,
    defined,
    change: changeOf(defined, before),
    earlierRunId: isThere ? undefined : keeper?.description.runId,
  }
}

/**
 * Makes a schedule, or makes it say this.
 * @throws PipelineFindingsError, JobwrightError `schedule_name_taken`, `until_passed`, `no_worker`, `not_finished`
 */
export async function applySchedule(
  context: SchedulesContext,
  schedule: NewSchedule,
): Promise<ScheduleChange> {
  const { scope, defined, change, earlierRunId } = await compare(context, schedule)
  const { created, changed } = await send(context, scope, defined, earlierRunId)
  await inPlace(context, scope, defined.definition)
  const keeper = await lookForKeeper(context, scope, defined.definition.name)
  const view = keeper ? await lookAt(context, keeper) : null
  // Somebody else may have been quicker.
  const isUnchanged = !created && changed.length === 0
  return {
    ...change,
    ...(isUnchanged ? { change: 'unchanged', differences: [], next_before: change.next_after } : {}),
    ...(created ? { change: 'created', differences: [], next_before: [] } : {}),
    paused: view?.paused ?? change.paused,
    schedule: view,
  }
}

async function presentOf(
  context: SchedulesContext,
  keeper: Keeper,
  { name, plan }: ScheduleDefinition,
): Promise<Present> {
  const definition =
    (await ask<ScheduleDefinition>(context, keeper.handle, scheduleMessages.definition)) ??
    (await startOfKeeper(context, keeper)).definition
  if (definition.plan.name !== plan.name) throw nameTaken(name, definition.plan.name)
  return { keeper, definition, view: await lookAt(context, keeper) }
}

function nameTaken(name: string, pipeline: string): JobwrightError {
  return new JobwrightError({
    code: 'schedule_name_taken',
    fault: 'refused',
    message: `schedule ${name} is one of pipeline ${pipeline}`,
    fix: `give this one another \`name\`, or delete that one: \`jobwright schedule delete ${name}\``,
  })
}

/** @throws JobwrightError `until_passed` */
function changeOf({ definition, paused, warnings }: Defined, before: Present | undefined): ScheduleChange {
  const { name, spec } = definition
  const after = viewSchedule(definition, createScheduleState(Date.now()))
  const isKeptPaused = before?.view.paused === true && before.view.pause_origin === 'person'
  const isPaused = isKeptPaused || paused === true
  const differences = before
    ? differencesOf(before, { definition, view: { ...after, paused: isPaused } })
    : []
  const isNever = nextTimes(spec, name, Date.now(), 1).length === 0
  if (isNever && !before) throw neverDue(definition)
  return {
    name,
    change: before === undefined ? 'created' : differences.length === 0 ? 'unchanged' : 'updated',
    dry_run: false,
    differences,
    next_before: before?.view.next_at ?? [],
    next_after: isPaused ? [] : nextTimes(spec, name),
    timezone: spec.timezone,
    paused: isPaused,
    schedule: before?.view ?? null,
    warnings: [
      ...warnings,
      ...(isKeptPaused
        ? [
            `it stays paused (${before.view.paused_because}): \`jobwright schedule resume ${name}\` resumes it`,
          ]
        : []),
      ...(isNever ? ['it is never due again'] : []),
    ],
  }
}

function neverDue({ name, spec }: ScheduleDefinition): JobwrightError {
  const isPassed = spec.untilMs !== null
  return new JobwrightError({
    code: isPassed ? 'until_passed' : 'never_due',
    fault: 'usage',
    message: `schedule ${name} would never be due${isPassed ? `: none of its times is between now and its \`until\`, ${new Date(spec.untilMs ?? 0).toISOString()}` : ''}`,
    fix: isPassed ? 'write a later `until`, or leave it out' : 'correct its `cron`',
  })
}

const compared = [
  'pipeline_version',
  'owner',
  'cron',
  'every',
  'timezone',
  'dst',
  'jitter',
  'until',
  'overlap',
  'catch_up',
  'inputs',
  'paused',
] as const satisfies readonly (keyof ScheduleView)[]

function differencesOf(
  before: Pick<Present, 'definition' | 'view'>,
  after: Pick<Present, 'definition' | 'view'>,
): ScheduleChange['differences'] {
  const fields = compared.flatMap((field) => {
    const values = { before: before.view[field], after: after.view[field] }
    return canonicalJson(values.before) === canonicalJson(values.after) ? [] : [{ field, ...values }]
  })
  const plans = { before: digestOf(before.definition), after: digestOf(after.definition) }
  return plans.before === plans.after ? fields : [{ field: 'plan', ...plans }, ...fields]
}

/** Short: it tells plans apart, and no more. */
function digestOf({ plan }: ScheduleDefinition): string {
  return createHash('sha256')
    .update(canonicalJson(plain(plan)))
    .digest('hex')
    .slice(0, 12)
}

type Keep = (input: KeepScheduleInput) => Promise<unknown>

/** In one request to Temporal, so that of two at once one makes it and the other edits it. */
async function send(
  context: SchedulesContext,
  scope: Scope,
  { definition, paused }: Defined,
  earlierRunId: string | undefined,
): Promise<ApplyScheduleAnswer> {
  const { name, workspace, owner } = definition
  const asked: ApplyScheduleRequest = present({ definition, timing: context.timing, paused })
  const input: KeepScheduleInput = present({ ...asked, earlierRunId })
  const memo: ScheduleMemo = present({ schedule: name, pipeline: definition.plan.name, workspace, owner })
  return request<ApplyScheduleAnswer>(context, `\`apply\` of schedule ${name}`, (waitForStage) =>
    context.client.workflow.startUpdateWithStart<Keep, ApplyScheduleAnswer, [ApplyScheduleRequest]>(
      scheduleMessages.apply,
      {
        args: [asked],
        waitForStage,
        startWorkflowOperation: new WithStartWorkflowOperation<Keep>(workflowTypes.keepSchedule, {
          workflowId: scope.names.scheduleId(scope.workspace, name),
          taskQueue: scope.taskQueue,
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          memo: { ...memo },
          typedSearchAttributes: attributePairs({ workspace, owner }),
          staticSummary: `schedule ${name} of ${definition.plan.name}`,
          args: [input],
        }),
      },
    ),
  )
}

/** Until Temporal's schedule has the times that this one has. @throws JobwrightError `not_finished` */
async function inPlace(
  context: SchedulesContext,
  scope: Scope,
  { name, spec }: ScheduleDefinition,
): Promise<void> {
  const deadline = Date.now() + context.decisionTimeoutMs
  const id = scope.names.scheduleId(scope.workspace, name)
  for (let looks = 1; !(await hasTimes(context, id, { name, spec })); looks += 1) {
    if (Date.now() > deadline)
      throw notFinished(
        `\`apply\` of schedule ${name}`,
        new Error('its schedule in Temporal has other times'),
      )
    // Somebody may have applied something else meanwhile.
    if (looks % 10 === 0 && !(await isStill(context, id, spec))) return
    await sleep(100)
  }
}

async function isStill(context: SchedulesContext, id: string, spec: ScheduleSpec): Promise<boolean> {
  const handle = context.client.workflow.getHandle(id)
  const now = await ask<ScheduleDefinition>(context, handle, scheduleMessages.definition)
  return now === undefined || canonicalJson(plain(now.spec)) === canonicalJson(plain(spec))
}

/** As it is in a payload: what is undefined is absent. */
const plain = (value: object) => JSON.parse(JSON.stringify(value)) as Json

async function hasTimes(
  context: SchedulesContext,
  id: string,
  { name, spec }: Pick<ScheduleDefinition, 'name' | 'spec'>,
): Promise<boolean> {
  try {
    // A time that is about to come may be gone before Temporal's schedule is written.
    const next = nextTicks(spec, name, Date.now() + 1_000, shownTimes).map(({ nominalMs }) => nominalMs)
    const [first, last] = [next[0], next.at(-1)]
    if (first === undefined || last === undefined)
      return (await context.client.schedule.getHandle(id).describe()) !== undefined
    const found = await matchingTimes(context, id, first - 1, last + 1)
    return found.join() === next.join()
  } catch (error) {
    if (error instanceof TemporalScheduleNotFoundError || isNotFound(error)) return false
    throw error
  }
}
