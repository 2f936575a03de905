import { durationText } from '../../base/duration.ts'
import { JobwrightError } from '../../base/errors.ts'
import type { Simulation } from '../../contract/schedules/view.ts'
import type { ScheduleRequest, Tick } from '../plan/index.ts'
import { localText, nextTicks, ticksBetween, zoneOf } from '../times/index.ts'
import { requireRange, requireSchedule } from './check.ts'
import { play } from './play.ts'

/** Which times are simulated, and with what. */
export interface SimulationOptions {
  /**
   * The next so many; not together with `until`.
   * @default 10
   */
  count?: number | undefined
  /** Nominal then or later. @default from now on */
  from?: Date | undefined
  /** Nominal before. @default as many as `count` says */
  until?: Date | undefined
  /** How long each run is assumed to take: then the overlap policy is played through. @default not assumed */
  assumeMs?: number | undefined
}

/** More would not be read. */
const mostTicks = 10_000

/** Times of a schedule, and what would become of them. Asks nobody. @throws JobwrightError `empty_range`, `too_many_ticks`, `bad_count` */
export function simulate(
  request: ScheduleRequest,
  options: SimulationOptions,
  nowMs = Date.now(),
): Simulation {
  requireSchedule(request)
  const { name, spec, overlap } = request
  const { assumeMs } = options
  const ticks = ticksOf(request, options, nowMs)
  const zone = zoneOf(spec.timezone)
  return {
    schedule: name,
    timezone: spec.timezone,
    overlap,
    assume: assumeMs === undefined ? null : durationText(assumeMs),
    ticks: play(request, ticks, assumeMs).map((row) => ({
      ...row,
      local_at: localText(Date.parse(row.nominal_at), zone),
    })),
    compared: false,
    differences: [],
    warnings: ticks.length === 0 ? ['it is never due then'] : [],
  }
}

function ticksOf(
  { name, spec }: ScheduleRequest,
  { from, until, count = 10 }: SimulationOptions,
  nowMs: number,
): Tick[] {
  requireRange(from ?? new Date(nowMs), until)
  if (!Number.isSafeInteger(count) || count < 1 || count > mostTicks)
    throw new JobwrightError({
      code: 'bad_count',
      fault: 'usage',
      message: `${count} times cannot be simulated`,
      fix: `expected a whole number from 1 to ${mostTicks.toLocaleString('en')}`,
    })
  // A time that is now is none that is to come.
  const fromMs = from?.getTime() ?? nowMs + 1
  if (until === undefined) {
    const last = nextTicks(spec, name, fromMs - 1, count).at(-1)
    return last ? ticksBetween(spec, name, fromMs, last.nominalMs + 1) : []
  }
  const ticks = ticksBetween(spec, name, fromMs, until.getTime(), mostTicks + 1)
  if (ticks.length <= mostTicks) return ticks
  throw new JobwrightError({
    code: 'too_many_ticks',
    fault: 'usage',
    message: `there are more than ${mostTicks.toLocaleString('en')} times in the range`,
    fix: 'give a shorter one',
  })
}
