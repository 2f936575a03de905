import type { BackfillView, LeaveReason } from '../../../contract/schedules/backfills.ts'
import { count, escapeControl, shellWord } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'

/** Why a time is left as it is. */
export const leaveTexts: Readonly<Record<LeaveReason, string>> = {
  exists: 'it has a run',
  open: 'a run of it is open',
  completed: 'its last run completed',
  no_run: 'it has no run',
  dst_gap: 'the clock is put forward over it',
  dst_fold: 'the clock is put back, and it has come before',
}

/** `12 of 30 done (1 failed), 2 open, 16 to come`. */
export function progressText({ counts }: Pick<BackfillView, 'counts'>): string {
  const { ticks, waiting, left, open, completed, failed, cancelled } = counts
  const ended = completed + failed + cancelled
  const amiss = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
  ]
  return [
    `${ended} of ${ticks - left} done${amiss.length > 0 ? ` (${amiss.join(', ')})` : ''}`,
    ...(open > 0 ? [`${open} open`] : []),
    ...(waiting > 0 ? [`${waiting} to come`] : []),
    ...(left > 0 ? [`${left} left as they are`] : []),
  ].join(', ')
}

/** What there is to say of a backfill that is over, or at any time. */
export function summaryLines(view: BackfillView): string[] {
  const left = Object.entries(view.left_because) as [LeaveReason, number][]
  const failures = view.failures.map(
    ({ run, status, nominal_at }) => `  ${status} ${escapeControl(run)} for ${formatTime(nominal_at)}`,
  )
  const { failed, cancelled } = view.counts
  const more = failed + cancelled - failures.length
  return [
    `${escapeControl(view.id)} ${view.status}: ${progressText(view)}`,
    ...left.map(([reason, times]) => `  ${count(times, 'time')} left: ${leaveTexts[reason]}`),
    ...failures,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...(failed + cancelled > 0 && view.finished_at !== null
      ? [`run those again: ${backfillCommand(view)} --only failed`]
      : []),
  ]
}

/** The command that a backfill of the same range would be started with. */
function backfillCommand({ schedule, from, until }: BackfillView): string {
  return `jobwright schedule backfill ${shellWord(schedule)} --from ${from} --until ${until}`
}
