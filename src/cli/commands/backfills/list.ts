import type { BackfillView } from '../../../contract/schedules/backfills.ts'
import type { CliContext } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { statusPaint } from '../../output/paint.ts'
import { renderTable } from '../../output/table.ts'
import { escapeControl } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'
import { withSchedules } from '../schedules/with-schedules.ts'

/** `jobwright schedule backfills NAME`: newest first. JSON is `{items, count}`. */
export async function listBackfillsHandler(
  { name, limit }: { name: string; limit: number },
  ctx: CliContext,
): Promise<number> {
  const items = await withSchedules(ctx, (schedules) =>
    schedules.backfills(name, { limit, signal: ctx.signal }),
  )
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ items, count: items.length }))
  else ctx.stdout.write(items.length === 0 ? `no backfills of ${escapeControl(name)}\n` : table(items, ctx))
  return exitCodes.completed
}

function table(items: readonly BackfillView[], ctx: CliContext): string {
  const rows = items.map(({ id, status, from, until, counts, started_at }) => {
    const { completed, failed, cancelled, ticks, left } = counts
    return [
      id,
      status,
      formatTime(from),
      formatTime(until),
      `${completed + failed + cancelled}/${ticks - left}`,
      failed,
      formatTime(started_at),
    ]
  })
  return renderTable(['ID', 'STATUS', 'FROM', 'UNTIL', 'RUN', 'FAILED', 'STARTED'], rows, {
    columns: ctx.columns(),
    drop: ['STARTED', 'FAILED'],
    paint: statusPaint(ctx.color),
  })
}
