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

/** How much later than it was due a time was decided; null of one on time. */
export function lateText({ late_seconds }: TickRow): string | null {
  return late_seconds === null ? null : formatDuration(late_seconds * 1_000)
}
