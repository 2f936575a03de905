import type { ScheduleSpec, Tick } from '../../schedule/plan/index.ts'

/** Ticks whose nominal time is in [fromMs, untilMs). */
export function ticksBetween(
  spec: ScheduleSpec,
  _name: string,
  fromMs: number,
  untilMs: number,
  limit = Number.POSITIVE_INFINITY,
): Tick[] {
  const { everyMs, untilMs: endMs } = spec
  if (everyMs === undefined) throw new Error('not yet')
  const ticks: Tick[] = []
  for (let atMs = Math.ceil(fromMs / everyMs) * everyMs; atMs < untilMs; atMs += everyMs)
    if ((endMs === null || atMs <= endMs) && ticks.length < limit)
      ticks.push({ nominalMs: atMs, dueMs: atMs })
  return ticks
}

export function temporalSpec(spec: ScheduleSpec, _fromMs: number) {
  const { everyMs = 60_000, untilMs } = spec
  return {
    spec: {
      intervals: [{ every: everyMs }],
      timezone: 'UTC',
      ...(untilMs === null ? {} : { endAt: new Date(untilMs) }),
    },
    coversUntilMs: Number.MAX_SAFE_INTEGER,
  }
}
