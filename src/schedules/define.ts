import { JobwrightError } from '../base/errors.ts'
import { present } from '../base/present.ts'
import { prepare } from '../pipelines/prepare.ts'
import { ownershipOf } from '../pipelines/start.ts'
import {
  catchUpKeeps,
  dstFolds,
  dstGaps,
  overlaps,
  type ScheduleDefinition,
  type ScheduleRequest,
} from '../schedule/plan/index.ts'
import { parseCron, zoneOf } from '../schedule/times/index.ts'
import { requireScheduleName } from './errors.ts'
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

/** It may have come from a program, or over the wire. */
export function requireSchedule({ name, spec, overlap, catchUp }: ScheduleRequest): void {
  requireScheduleName(name)
  const wrong = [
    (spec.cron === undefined) === (spec.everyMs === undefined) && 'expected either `cron` or `everyMs`',
    spec.everyMs !== undefined && !isMs(spec.everyMs, 1_000) && 'expected `everyMs` to be a second at least',
    !isMs(spec.jitterMs) && 'expected `jitterMs` in whole milliseconds',
    spec.untilMs !== null && !isMs(spec.untilMs) && 'expected `untilMs` in whole milliseconds, or null',
    !dstGaps.includes(spec.dst.gap) && `expected \`dst.gap\` to be one of ${dstGaps.join(', ')}`,
    !dstFolds.includes(spec.dst.fold) && `expected \`dst.fold\` to be one of ${dstFolds.join(', ')}`,
    !overlaps.includes(overlap) && `expected \`overlap\` to be one of ${overlaps.join(', ')}`,
    !catchUpKeeps.includes(catchUp.keep) &&
      `expected \`catchUp.keep\` to be one of ${catchUpKeeps.join(', ')}`,
    !isMs(catchUp.windowMs) && 'expected `catchUp.windowMs` in whole milliseconds',
  ].find((problem) => problem !== false)
  if (wrong !== undefined)
    throw new JobwrightError({
      code: 'bad_schedule',
      fault: 'usage',
      message: `schedule ${name}: ${wrong}`,
      fix: 'take one of `schedules` of a compiled pipeline',
    })
  if (spec.cron !== undefined) parseCron(spec.cron)
  zoneOf(spec.timezone)
}

const isMs = (value: number, least = 0): boolean => Number.isSafeInteger(value) && value >= least
