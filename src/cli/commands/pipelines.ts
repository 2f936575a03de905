import type { CliContext } from '../context.ts'
import { renderTable } from '../output/table.ts'
import { formatTime } from '../output/time.ts'
import { answer } from './jobs/render.ts'

/** `jobwright pipelines`: the pipelines that are saved on the server, by name. */
export async function pipelinesHandler(_: object, ctx: CliContext): Promise<number> {
  const api = await ctx.pipelineApi()
  const pipelines = await api.listPipelines({}, { signal: ctx.signal })
  const rows = pipelines.items.map((one) => [
    one.name,
    String(one.version),
    formatTime(one.updated_at),
    one.updated_by,
    one.description ?? '',
  ])
  return answer(ctx, pipelines, () =>
    rows.length === 0
      ? 'no pipelines\n'
      : renderTable(['PIPELINE', 'VERSION', 'SAVED', 'BY', 'ABOUT'], rows, {
          columns: ctx.columns(),
          cut: ['ABOUT'],
          drop: ['ABOUT', 'BY', 'SAVED'],
        }),
  )
}
