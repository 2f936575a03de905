import { nextTicks } from '../../schedule/times/index.ts'
import type { NextTimeOfDayInput } from './types.ts'

/** The first instant after `fromMs` at which the clocks of a zone show a time of day, or are put forward over it: as a schedule is due. */
export function nextTimeOfDay({ by, timezone, fromMs }: NextTimeOfDayInput): number {
  const [hour, minute] = by.split(':').map(Number)
  const dst = { gap: 'next', fold: 'first' } as const
  const spec = { cron: `${minute} ${hour} * * *`, timezone, dst, jitterMs: 0, untilMs: null }
  const [next] = nextTicks(spec, '', fromMs, 1)
  if (!next) throw new Error(`the clocks of ${timezone} never show ${by}`)
  return next.nominalMs
}
