import type { Cron } from './cron.ts'

const dayMs = 86_400_000

/** Local days as if they were UTC: what a local clock shows. */
export function* matchingDays(cron: Cron, firstDay: number, endMs: number): Generator<number> {
  const [months, daysOfMonth, daysOfWeek] = [cron.months, cron.daysOfMonth, cron.daysOfWeek].map(
    (one) => new Set(one),
  )
  for (let day = firstDay; day < endMs; ) {
    const date = new Date(day)
    if (!months?.has(date.getUTCMonth() + 1)) {
      day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
      continue
    }
    if (daysOfMonth?.has(date.getUTCDate()) && daysOfWeek?.has(date.getUTCDay())) yield day
    day += dayMs
  }
}
