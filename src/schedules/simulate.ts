import { canonicalJson, type Json } from '../base/json.ts'
import type { Simulation } from '../contract/schedules/view.ts'
import type { ScheduleRequest, ScheduleSpec } from '../schedule/plan/index.ts'
import { simulate } from '../schedule/simulation/index.ts'
import { temporalSpec } from '../schedule/times/index.ts'
import { findKeeper, isKept, lookForKeeper, startOfKeeper } from './keeper.ts'
import { matchingTimes } from './matching-times.ts'
import { type SchedulesContext, scopeOf } from './options.ts'
import type { SimulateSchedule } from './types.ts'

/**
 * Times of a schedule, and what would become of them.
 * @throws ScheduleNotFoundError, JobwrightError `empty_range`, `too_many_ticks`, `bad_count`
 */
export async function simulateSchedule(
  context: SchedulesContext,
  schedule: string | ScheduleRequest,
  options: SimulateSchedule,
): Promise<Simulation> {
  const request = typeof schedule === 'string' ? await requestOf(context, schedule) : schedule
  const { name, spec } = request
  const simulation = simulate(request, options)
  const clock = await clockOf(context, request)
  if (clock === undefined) return simulation
  const ticks = simulation.ticks.flatMap(({ nominal_at, outcome, reason }) =>
    outcome === 'skipped' && (reason === 'dst_gap' || reason === 'dst_fold') ? [] : [Date.parse(nominal_at)],
  )
  const differences = await differencesOf(context, clock, { spec, ticks, name, options })
  return { ...simulation, compared: true, differences }
}

async function requestOf(context: SchedulesContext, name: string): Promise<ScheduleRequest> {
  const keeper = await findKeeper(context, await scopeOf(context), name)
  return (await startOfKeeper(context, keeper)).definition
}

/** Temporal's schedule, where there is one that is to have these times. */
async function clockOf(
  context: SchedulesContext,
  { name, spec }: ScheduleRequest,
): Promise<string | undefined> {
  const keeper = await lookForKeeper(context, await scopeOf(context), name)
  if (!keeper || !isKept(keeper)) return undefined
  const { definition } = await startOfKeeper(context, keeper)
  return textOf(definition.spec) === textOf(spec) ? keeper.id : undefined
}

const textOf = (spec: ScheduleSpec): string => canonicalJson(JSON.parse(JSON.stringify(spec)) as Json)

interface Compared {
  spec: ScheduleSpec
  name: string
  ticks: readonly number[]
  options: SimulateSchedule
}

/** Temporal's answer is the truth of when the keeper is woken. */
async function differencesOf(
  context: SchedulesContext,
  scheduleId: string,
  { spec, ticks, options }: Compared,
): Promise<Simulation['differences']> {
  const nowMs = Date.now()
  const { coversUntilMs } = temporalSpec(spec, nowMs)
  // It is written anew before half of what it covers is left.
  const coveredMs = nowMs + (coversUntilMs - nowMs) / 2
  const fromMs = Math.max(nowMs, options.from?.getTime() ?? nowMs)
  const untilMs = Math.min(coveredMs, options.until?.getTime() ?? (ticks.at(-1) ?? nowMs) + 1)
  if (untilMs <= fromMs) return []
  const isWithin = (at: number) => at > fromMs && at < untilMs
  const ours = new Set(ticks.filter(isWithin))
  const theirs = new Set((await matchingTimes(context, scheduleId, fromMs, untilMs)).filter(isWithin))
  const all = [...new Set([...ours, ...theirs])].toSorted((a, b) => a - b)
  return all.flatMap((at) => {
    if (ours.has(at) && theirs.has(at)) return []
    return [{ at: new Date(at).toISOString(), only_in: ours.has(at) ? 'jobwright' : 'temporal' } as const]
  })
}
