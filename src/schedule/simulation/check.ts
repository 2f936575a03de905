import { JobwrightError } from '../../base/errors.ts'
import { pipelineNamePattern } from '../../contract/names.ts'
import { catchUpKeeps, dstFolds, dstGaps, overlaps, type ScheduleRequest } from '../plan/index.ts'
import { parseCron, zoneOf } from '../times/index.ts'

/** @throws JobwrightError `bad_schedule_name` */
export function requireScheduleName(name: string): void {
  if (pipelineNamePattern.test(name)) return
  throw new JobwrightError({
    code: 'bad_schedule_name',
    fault: 'usage',
    message: `${JSON.stringify(name.slice(0, 120))} cannot name a schedule`,
    fix: 'expected letters, digits, -, _ and ., beginning with a letter or digit, at most 100',
  })
}

/**
 * It may have come from a program, or over the wire.
 * @throws JobwrightError `bad_schedule_name`, `bad_schedule`, `bad_cron`, `unknown_timezone`
 */
export function requireSchedule({ name, spec, overlap, catchUp }: ScheduleRequest): void {
  requireScheduleName(name)
  const wrong = [
    (spec.cron === undefined) === (spec.everyMs === undefined) && 'expected either `cron` or `everyMs`',
    spec.everyMs !== undefined &&
      !(isMs(spec.everyMs, 1_000) && spec.everyMs % 1_000 === 0) &&
      'expected `everyMs` in whole seconds, one at least',
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

/** @throws JobwrightError `empty_range` */
export function requireRange(from: Date | undefined, until: Date | undefined): void {
  if (from === undefined || until === undefined || from < until) return
  throw new JobwrightError({
    code: 'empty_range',
    fault: 'usage',
    message: `the range from ${from.toISOString()} until ${until.toISOString()} is empty`,
    fix: 'give an end that is later than its beginning; the end does not belong to the range itself',
  })
}
