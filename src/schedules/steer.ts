import { randomBytes } from 'node:crypto'
import { JobwrightError } from '../base/errors.ts'
import { canonicalJson } from '../base/json.ts'
import { present } from '../base/present.ts'
import { scheduleMessages } from '../contract/names.ts'
import type { ScheduleView } from '../contract/schedules/view.ts'
import { PipelineRunNotFoundError } from '../pipelines/errors.ts'
import { inputsOf } from '../pipelines/inputs.ts'
import { manualRunId, type ScheduleDefinition } from '../schedule/plan/index.ts'
import type { PauseScheduleRequest, TriggerScheduleRequest } from '../workflows/schedule-messages.ts'
import { noWorker, requireKey } from './errors.ts'
import { ask, findKeeper, update } from './keeper.ts'
import { completed, lookAt, stillOpen } from './look.ts'
import { type SchedulesContext, scopeOf } from './options.ts'
import type { PauseSchedule, TriggeredRun, TriggerSchedule } from './types.ts'

/** @throws ScheduleNotFoundError */
export async function showSchedule(context: SchedulesContext, name: string): Promise<ScheduleView> {
  return lookAt(context, await findKeeper(context, await scopeOf(context), name))
}

/** @throws ScheduleNotFoundError, JobwrightError `no_worker` */
export async function pauseSchedule(
  context: SchedulesContext,
  name: string,
  { note }: PauseSchedule,
): Promise<ScheduleView> {
  const scope = await scopeOf(context)
  const keeper = await findKeeper(context, scope, name)
  const asked: PauseScheduleRequest = present({ note, by: scope.owner?.email })
  const view = await update<ScheduleView>(context, keeper, {
    verb: 'pause',
    name: scheduleMessages.pause,
    args: asked,
  })
  return completed(context, keeper, view)
}

/** @throws ScheduleNotFoundError, JobwrightError `no_worker` */
export async function resumeSchedule(context: SchedulesContext, name: string): Promise<ScheduleView> {
  const keeper = await findKeeper(context, await scopeOf(context), name)
  const view = await update<ScheduleView>(context, keeper, {
    verb: 'resume',
    name: scheduleMessages.resume,
  })
  return completed(context, keeper, view)
}

/** @returns it as it was. @throws ScheduleNotFoundError, JobwrightError `no_worker` */
export async function deleteSchedule(context: SchedulesContext, name: string): Promise<ScheduleView> {
  const keeper = await findKeeper(context, await scopeOf(context), name)
  const view = await update<ScheduleView>(context, keeper, {
    verb: 'delete',
    name: scheduleMessages.delete,
  })
  return { ...view, open_runs: await stillOpen(context, view.open_runs) }
}

/** @throws ScheduleNotFoundError, PipelineFindingsError, JobwrightError `no_worker`, `bad_key` */
export async function triggerSchedule(
  context: SchedulesContext,
  name: string,
  { inputs, key = randomBytes(6).toString('hex') }: TriggerSchedule,
): Promise<TriggeredRun> {
  requireKey('trigger', key)
  const keeper = await findKeeper(context, await scopeOf(context), name)
  const resolved = await resolve(context, keeper, inputs)
  const before = await inputsOf(context, manualRunId(name, key)).catch(ifUnknown)
  if (before && canonicalJson(before) !== canonicalJson(resolved)) throw keyReused(name)
  const asked: TriggerScheduleRequest = { key, inputs: resolved }
  const { run } = await update<{ run: string }>(context, keeper, {
    verb: 'trigger',
    name: scheduleMessages.trigger,
    args: asked,
  })
  return { run, existed: before !== undefined }
}

function ifUnknown(error: unknown): undefined {
  if (!(error instanceof PipelineRunNotFoundError)) throw error
}

function keyReused(name: string): JobwrightError {
  return new JobwrightError({
    code: 'run_id_reused',
    fault: 'refused',
    message: `the key was used for a run of schedule ${name} with other inputs; nothing was started`,
    fix: 'use another key, or leave it out',
  })
}

/** What a run is given: the inputs of the schedule, and those over them. */
async function resolve(
  context: SchedulesContext,
  { handle, name }: Awaited<ReturnType<typeof findKeeper>>,
  inputs: TriggerSchedule['inputs'],
) {
  const definition = await ask<ScheduleDefinition>(context, handle, scheduleMessages.definition)
  if (!definition) throw noWorker(`\`trigger\` of schedule ${name}`)
  if (inputs === undefined) return definition.resolvedInputs
  const { PipelineFindingsError, resolveInputs } = await import('../pipeline/index.ts')
  const { plan } = definition
  const resolved = resolveInputs(plan, { ...definition.inputs, ...inputs })
  if (!resolved.inputs) throw new PipelineFindingsError('invalid_inputs', plan.name, resolved.findings)
  return resolved.inputs
}
