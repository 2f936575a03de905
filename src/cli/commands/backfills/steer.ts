import type { BackfillView } from '../../../contract/schedules/backfills.ts'
import { type CliContext, note } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { renderFields } from '../../output/table.ts'
import { escapeControl, shellWord } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'
import { withSchedules } from '../schedules/with-schedules.ts'
import { followBackfill } from './follow.ts'
import { progressText, summaryLines } from './words.ts'

export interface BackfillIdArgs {
  id: string
}

/** `jobwright backfill show ID` */
export async function showBackfillHandler({ id }: BackfillIdArgs, ctx: CliContext): Promise<number> {
  const view = await withSchedules(ctx, (schedules) => schedules.showBackfill(id, { signal: ctx.signal }))
  for (const warning of view.warnings) note(ctx, `warning: ${escapeControl(warning)}`)
  if (ctx.output === 'json') ctx.stdout.write(renderJson(view))
  else ctx.stdout.write(fields(view))
  return exitCodes.completed
}

function fields(view: BackfillView): string {
  const [, ...lines] = summaryLines(view)
  const open = view.open_runs.map(
    ({ run, nominal_at }) => `  open ${escapeControl(run)} for ${formatTime(nominal_at)}`,
  )
  const details = renderFields([
    ['id', view.id],
    ['schedule', view.schedule],
    ['pipeline', view.pipeline],
    ['status', view.paused_because ?? view.status],
    ['range', `${formatTime(view.from)} until ${formatTime(view.until)}`],
    ['runs', `${view.only}, ${view.order} first, ${view.max_active} at once`],
    ['owner', view.owner],
    ['started', formatTime(view.started_at)],
    ['finished', formatTime(view.finished_at)],
    ['progress', progressText(view)],
  ])
  return `${details}${[...open, ...lines].map((line) => `${line}\n`).join('')}`
}

/** `jobwright backfill watch ID` */
export function watchBackfillHandler({ id }: BackfillIdArgs, ctx: CliContext): Promise<number> {
  return withSchedules(ctx, (schedules) => followBackfill(schedules, id, ctx))
}

/** `jobwright backfill pause ID` */
export async function pauseBackfillHandler(
  { id, note: why }: BackfillIdArgs & { note?: string | undefined },
  ctx: CliContext,
): Promise<number> {
  const view = await withSchedules(ctx, (schedules) =>
    schedules.pauseBackfill(id, { note: why, signal: ctx.signal }),
  )
  if (ctx.output === 'json') ctx.stdout.write(renderJson(view))
  else {
    ctx.stdout.write(
      `${escapeControl(id)} is ${escapeControl(view.paused_because ?? view.status)}: ${progressText(view)}\n`,
    )
    note(ctx, `resume it: jobwright backfill resume ${shellWord(id)}`)
  }
  return exitCodes.completed
}

/** `jobwright backfill resume ID` */
export async function resumeBackfillHandler({ id }: BackfillIdArgs, ctx: CliContext): Promise<number> {
  const view = await withSchedules(ctx, (schedules) => schedules.resumeBackfill(id, { signal: ctx.signal }))
  if (ctx.output === 'json') ctx.stdout.write(renderJson(view))
  else ctx.stdout.write(`${escapeControl(id)} goes on: ${progressText(view)}\n`)
  return exitCodes.completed
}

/**
 * `jobwright backfill cancel ID`: asks for it, then follows until its open runs have ended. 0 when it was cancelled as asked, or over
 * before; 1 when it had ended, or ends, with runs that failed.
 */
export function cancelBackfillHandler(
  { id, detach }: BackfillIdArgs & { detach?: boolean | undefined },
  ctx: CliContext,
): Promise<number> {
  return withSchedules(ctx, async (schedules) => {
    await schedules.cancelBackfill(id, { signal: ctx.signal })
    if (!detach) return followBackfill(schedules, id, ctx, { cancelled: exitCodes.completed })
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ id, status: 'cancelling' }))
    else ctx.stdout.write(`cancel of ${escapeControl(id)} requested\n`)
    return exitCodes.completed
  })
}
