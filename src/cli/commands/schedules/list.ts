import type { ScheduleView } from '../../../contract/schedules/view.ts'
import { type CliContext, note } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { statusPaint } from '../../output/paint.ts'
import { renderTable } from '../../output/table.ts'
import { escapeControl } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'
import { withSchedules } from './with-schedules.ts'
import { lastText, whenText } from './words.ts'

export interface ListArgs {
  limit: number
  /** Of the pipeline's name. */
  pipeline?: string | undefined
}

/** `jobwright schedule list`: by name, with what is amiss on stderr. JSON is `{items, count}`, as the API's lists are. */
export async function listHandler({ limit, pipeline }: ListArgs, ctx: CliContext): Promise<number> {
  const { schedules: items, nextCursor } = await withSchedules(ctx, (schedules) =>
    schedules.list({ limit, pipeline, signal: ctx.signal }),
  )
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ items, count: items.length }))
  else if (items.length === 0) ctx.stdout.write(`no${pipeline === undefined ? '' : ' such'} schedules\n`)
  else ctx.stdout.write(table(items, ctx))
  for (const { name, warnings } of ctx.output === 'json' ? [] : items)
    for (const warning of warnings) note(ctx, `warning: ${escapeControl(name)}: ${escapeControl(warning)}`)
  if (nextCursor !== null) note(ctx, `note: the first ${limit}; --limit shows more`)
  return exitCodes.completed
}

function table(items: readonly ScheduleView[], ctx: CliContext): string {
  const rows = items.map((view) => [
    view.name,
    view.pipeline,
    view.paused ? 'paused' : 'ok',
    whenText(view),
    formatTime(view.next_at[0]),
    lastText(view.last),
    view.open_runs.length,
  ])
  return renderTable(['NAME', 'PIPELINE', 'STATUS', 'WHEN', 'NEXT', 'LAST', 'OPEN'], rows, {
    columns: ctx.columns(),
    cut: ['PIPELINE', 'WHEN', 'LAST'],
    drop: ['PIPELINE', 'OPEN', 'LAST', 'WHEN'],
    paint: statusPaint(ctx.color),
  })
}
