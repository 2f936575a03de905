import type { ScheduleSpec } from '../plan/index.ts'
import { parseCron } from './cron.ts'
import { matchingDays } from './matching-days.ts'
import { type Transition, zoneOf } from './zones.ts'

/** Times of a cron at which the clock changes. */
export interface ClockChange extends Transition {
  /** `gap`: they do not exist. `fold`: they come twice. */
  kind: 'gap' | 'fold'
  /** Local times, written as if they were UTC, in order; there is one at least. */
  localMs: number[]
}

const dayMs = 86_400_000

/** The times of a cron in [fromMs, untilMs) that do not exist in its zone, or come twice, a change of its clock after the other. */
export function clockChanges(spec: ScheduleSpec, fromMs: number, untilMs: number): ClockChange[] {
  if (spec.cron === undefined) return []
  const cron = parseCron(spec.cron)
  return zoneOf(spec.timezone)
    .transitionsBetween(fromMs, untilMs)
    .flatMap((change) => {
      const { atMs, beforeMs, afterMs } = change
      const [startMs, endMs] = [atMs + Math.min(beforeMs, afterMs), atMs + Math.max(beforeMs, afterMs)]
      const localMs: number[] = []
      for (const day of matchingDays(cron, Math.floor(startMs / dayMs) * dayMs, endMs)) {
        for (const hour of cron.hours) {
          for (const minute of cron.minutes) {
            const local = day + hour * 3_600_000 + minute * 60_000
            if (local >= startMs && local < endMs) localMs.push(local)
          }
        }
      }
      const kind = afterMs > beforeMs ? 'gap' : 'fold'
      return localMs.length === 0 ? [] : [{ ...change, kind, localMs } as const]
    })
}
