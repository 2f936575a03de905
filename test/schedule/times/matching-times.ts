import type { Client } from '@temporalio/client'
import type { ScheduleSpec } from '../../../src/schedule/plan/index.ts'
import { type TemporalSpec, temporalSpec, ticksBetween } from '../../../src/schedule/times/index.ts'

const dayMs = 86_400_000
/** What Temporal answers at once. */
const answered = 1000

/** What of the ticks of some crons Temporal would not run, and what it would run besides. */
export interface Comparison {
  ticks: number
  /** As `30 2 * * *: 2026-03-29T01:00:00.000Z`. */
  missing: string[]
  extra: string[]
}

/** Milliseconds; the beginning counts, the end does not. */
export interface Range {
  startMs: number
  endMs: number
}

/** As long as Temporal is told of a schedule at once, from the day of `fromMs` on. */
export function told(fromMs: number): Range {
  const startMs = Math.floor(fromMs / dayMs) * dayMs
  return { startMs, endMs: startMs + 400 * dayMs }
}

/** Tells Temporal of one schedule, and asks it for its times in these ranges. */
export async function compare(
  client: Client,
  scheduleId: string,
  spec: ScheduleSpec,
  fromMs: number,
  ranges: readonly Range[] = [told(fromMs)],
): Promise<Comparison> {
  const theirs = await timesOf(client, scheduleId, temporalSpec(spec, fromMs).spec, ranges)
  return difference(spec.cron ?? 'interval', new Set(ticksOf(spec, ranges)), new Set(theirs))
}

/**
 * The same of many crons at once, at most sixty: those of each are told to Temporal at a second of their own, so that they can be told apart.
 */
export async function compareAll(
  client: Client,
  scheduleId: string,
  specs: readonly ScheduleSpec[],
  fromMs: number,
  ranges: readonly Range[] = [told(fromMs)],
): Promise<Comparison> {
  const calendars = specs.flatMap((spec, second) =>
    (temporalSpec(spec, fromMs).spec.calendars ?? []).map((one) => ({ ...one, second })),
  )
  const theirs = Map.groupBy(
    await timesOf(client, scheduleId, { calendars, timezone: 'UTC' }, ranges),
    (at) => (at / 1000) % 60,
  )
  const found = specs.map((spec, second) => {
    const own = (theirs.get(second) ?? []).map((at) => at - second * 1000)
    return difference(spec.cron ?? '', new Set(ticksOf(spec, ranges)), new Set(own))
  })
  return {
    ticks: found.reduce((sum, { ticks }) => sum + ticks, 0),
    missing: found.flatMap(({ missing }) => missing),
    extra: found.flatMap(({ extra }) => extra),
  }
}

function ticksOf(spec: ScheduleSpec, ranges: readonly Range[]): number[] {
  return ranges.flatMap(({ startMs, endMs }) =>
    ticksBetween(spec, 'x', startMs, endMs)
      .filter((tick) => !tick.isDropped)
      .map((tick) => tick.nominalMs),
  )
}

function difference(cron: string, ours: Set<number>, theirs: Set<number>): Comparison {
  const without = (times: Set<number>, others: Set<number>) =>
    [...times].filter((at) => !others.has(at)).map((at) => `${cron}: ${new Date(at).toISOString()}`)
  return { ticks: ours.size, missing: without(ours, theirs), extra: without(theirs, ours) }
}

type Told = Omit<TemporalSpec, 'calendars'> & {
  calendars?: (Omit<NonNullable<TemporalSpec['calendars']>[number], 'second'> & { second: number })[]
}

async function timesOf(
  client: Client,
  scheduleId: string,
  spec: Told,
  ranges: readonly Range[],
): Promise<number[]> {
  const handle = await client.schedule.create({
    scheduleId,
    spec,
    action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
    state: { paused: true },
  })
  try {
    const found: number[] = []
    for (const range of ranges) found.push(...(await matchingTimes(client, scheduleId, range)))
    return found
  } finally {
    await handle.delete()
  }
}

/** In [startMs, endMs). Of what Temporal is asked, the beginning does not count and the end does. */
async function matchingTimes(
  client: Client,
  scheduleId: string,
  { startMs, endMs }: Range,
): Promise<number[]> {
  const found: number[] = []
  for (let afterMs = startMs - 1; ; ) {
    const { startTime } = await client.workflowService.listScheduleMatchingTimes({
      namespace: client.options.namespace,
      scheduleId,
      startTime: timestamp(afterMs),
      endTime: timestamp(endMs - 1),
    })
    const times = (startTime ?? []).map(({ seconds, nanos }) => Number(seconds) * 1000 + (nanos ?? 0) / 1e6)
    found.push(...times)
    if (times.length < answered) return found
    afterMs = times.at(-1) ?? endMs
  }
}

const timestamp = (ms: number) => ({ seconds: Math.floor(ms / 1000) as never, nanos: (ms % 1000) * 1e6 })
