import type { CliContext } from '../../context.ts'
import { renderTable } from '../../output/table.ts'
import { answer } from './render.ts'

/** `jobwright jobs schemas`: the job types of the server; their JSON Schemas with `--output json`. */
export async function schemasHandler(_args: object, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const schemas = await api.listJobSchemas({ signal: ctx.signal })
  const rows = schemas.map((entry) => [
    entry.job_type,
    Object.keys(entry.output_schemas ?? {}).join(', '),
    entry.description,
  ])
  return answer(ctx, schemas, () =>
    renderTable(['TYPE', 'OUTPUTS', 'DESCRIPTION'], rows, {
      columns: ctx.columns(),
      cut: ['OUTPUTS', 'DESCRIPTION'],
    }),
  )
}
