import type { CliContext } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { renderTable } from '../output/table.ts'
import { formatDuration } from '../output/text.ts'
import { toMs } from '../progress/steps.ts'

/** `jobwright runs`: pipeline runs, newest first. JSON is `{items, count}`, as the API's lists are. */
export async function runsHandler(args: { limit: number }, ctx: CliContext): Promise<number> {
  const connection = await ctx.connect()
  try {
    const items = await connection.pipelines.list({ limit: args.limit })
    if (ctx.output === 'json') {
      ctx.stdout.write(renderJson({ items, count: items.length }))
    } else if (items.length === 0) {
      ctx.stdout.write('no pipeline runs\n')
    } else {
      const rows = items.map((run) => {
        const started = toMs(run.started_at)
        const took =
          started === undefined ? '' : formatDuration((toMs(run.finished_at) ?? ctx.now()) - started)
        return [run.id, run.pipeline, run.status, run.started_at, took]
      })
      ctx.stdout.write(renderTable(['ID', 'PIPELINE', 'STATUS', 'STARTED', 'TOOK'], rows, ctx.columns()))
    }
    return exitCodes.completed
  } finally {
    await connection.close()
  }
}
