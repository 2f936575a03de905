import { setTimeout as sleep } from 'node:timers/promises'
import { JobwrightError } from '../../../base/errors.ts'
import type { BackfillView } from '../../../contract/schedules/backfills.ts'
import { type CliContext, note, type Schedules } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { escapeControl, formatClock, shellWord } from '../../output/text.ts'
import { progressText, summaryLines } from './words.ts'

/** Nothing at all is worth a word. */
const silenceMs = 5_000

/**
 * Tells how far a backfill is, on stderr, until it is over; then sums it up on stdout (`--output json`: the view). Ctrl-C lets go of it: it
 * goes on, and stderr says how to come back. Returns the exit code.
 */
export async function followBackfill(
  schedules: Schedules,
  id: string,
  ctx: CliContext,
  codes: Partial<Record<BackfillView['status'], number>> = {},
): Promise<number> {
  const silence = new AbortController()
  sleep(silenceMs, undefined, { signal: silence.signal }).then(
    () => note(ctx, 'no word of the backfill yet; Temporal may be away for a moment'),
    () => {},
  )
  let last: BackfillView | undefined
  try {
    for await (const view of schedules.watchBackfill(id, { signal: ctx.signal })) {
      silence.abort()
      if (view.finished_at === null) say(last, view, ctx)
      last = view
    }
  } catch (error) {
    if (!ctx.signal.aborted) throw error
  } finally {
    silence.abort()
  }
  if (last === undefined || last.finished_at === null)
    return ctx.signal.aborted ? detach(id, ctx) : lostSight(id)
  for (const warning of last.warnings) note(ctx, `warning: ${escapeControl(warning)}`)
  ctx.stdout.write(ctx.output === 'json' ? renderJson(last) : `${summaryLines(last).join('\n')}\n`)
  return codes[last.status] ?? exitCodeOf(last)
}

function say(before: BackfillView | undefined, view: BackfillView, ctx: CliContext): void {
  const known = new Set(before?.failures.map(({ run }) => run))
  const at = formatClock(ctx.now())
  for (const { run, status } of view.failures)
    if (!known.has(run)) note(ctx, `${at} ${status} ${escapeControl(run)}`)
  const state = view.status === 'running' ? '' : `${escapeControl(view.paused_because ?? view.status)}; `
  note(ctx, `${at} ${state}${progressText(view)}`)
  for (const warning of view.warnings) note(ctx, `warning: ${escapeControl(warning)}`)
}

function exitCodeOf({ status }: BackfillView): number {
  if (status === 'cancelled') return exitCodes.cancelled
  return status === 'failed' ? exitCodes.failed : exitCodes.completed
}

function detach(id: string, ctx: CliContext): number {
  note(ctx, 'Detached; the backfill goes on.')
  note(ctx, `  jobwright backfill watch ${shellWord(id)}`)
  note(ctx, `  jobwright backfill cancel ${shellWord(id)}`)
  return exitCodes.interrupted
}

function lostSight(id: string): never {
  throw new JobwrightError({
    code: 'lost_sight',
    fault: 'unreachable',
    message: `lost sight of ${id} before it ended; the backfill itself goes on`,
    fix: `jobwright backfill watch ${shellWord(id)}`,
  })
}
