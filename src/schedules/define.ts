import { JobwrightError } from '../base/errors.ts'
import { present } from '../base/present.ts'
import { isCode, prepare } from '../pipelines/prepare.ts'
import { ownershipOf } from '../pipelines/start.ts'
import type { ScheduleDefinition, ScheduleRequest } from '../schedule/plan/index.ts'
import { requireSchedule } from '../schedule/simulation/index.ts'
import type { SchedulesContext, Scope } from './options.ts'
import type { NewSchedule } from './types.ts'

/** A schedule that may be applied. */
export interface Defined {
  definition: ScheduleDefinition
  /** As the file says it; undefined where it says nothing. */
  paused: boolean | undefined
  /** What the server has changed since the plan was compiled. */
  warnings: string[]
}

/** @throws PipelineFindingsError, JobwrightError `bad_schedule_name`, `bad_schedule`, `bad_cron`, `unknown_timezone`, `other_workspace` */
export async function define(
  context: SchedulesContext,
  { owner }: Scope,
  { pipeline, schedule: given, version }: NewSchedule,
): Promise<Defined> {
  const schedule = typeof given === 'object' ? given : requestOf(pipeline, given)
  requireSchedule(schedule)
  const { plan, inputs, warnings } = await prepare(context, pipeline, schedule.inputs)
  const { paused, ...request } = schedule
  const definition = present({
    ...request,
    plan,
    resolvedInputs: inputs,
    ...ownershipOf(context, owner),
    version,
  })
  return { definition, paused, warnings }
}

/** What a pipeline in code says itself. @throws JobwrightError `no_schedule` */
function requestOf(pipeline: NewSchedule['pipeline'], name: string | undefined): ScheduleRequest {
  const known = isCode(pipeline) ? (pipeline.compile().schedules ?? []) : []
  const fitting = known.filter((one) => name === undefined || one.name === name)
  const [only] = fitting
  if (only && fitting.length === 1) return only
  const names = known.map((one) => one.name)
  throw new JobwrightError({
    code: 'no_schedule',
    fault: 'usage',
    message: isCode(pipeline)
      ? `pipeline ${pipeline.name} has ${names.length === 0 ? 'no schedule' : name === undefined ? 'several schedules' : `no schedule ${name}`}`
      : 'a plan has no schedule in it',
    fix:
      names.length === 0
        ? 'give one as `schedule`: one of `schedules` of a compiled pipeline'
        : `name one of them as \`schedule\`: ${names.join(', ')}`,
  })
}
