import type { ScheduleView, TickRow } from '../../../contract/schedules/view.ts'
import { formatDuration } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'

/** When a schedule is due, in a few words. */
export function whenText({
  cron,
  every,
  timezone,
}: Pick<ScheduleView, 'cron' | 'every' | 'timezone'>): string {
  return cron === null ? `every ${every}` : `${cron} ${timezone}`
}

/** What became of a time. */
export function lastText(row: TickRow | null): string | null {
  return row && `${row.outcome} ${formatTime(row.nominal_at)}`
}

/** What takes longer than a worker's replacement counts as late. */
const lateMs = 10_000

/** How much later than it was due a time was decided; undefined of one on time. */
export function lateOf({ decided_at, due_at, outcome }: TickRow): number | undefined {
  const ms = Date.parse(decided_at) - Date.parse(due_at)
  return outcome === 'manual' || ms < lateMs ? undefined : ms
}

export function lateText(row: TickRow): string | null {
  const ms = lateOf(row)
  return ms === undefined ? null : formatDuration(ms)
}
