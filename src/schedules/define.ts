import { present } from '../base/present.ts'
import { prepare } from '../pipelines/prepare.ts'
import { ownershipOf } from '../pipelines/start.ts'
import type { ScheduleDefinition } from '../schedule/plan/index.ts'
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
  { pipeline, schedule, version }: NewSchedule,
): Promise<Defined> {
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
