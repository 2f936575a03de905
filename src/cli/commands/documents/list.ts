import type { CliContext } from '../../context.ts'
import { renderTable } from '../../output/table.ts'
import { formatBytes } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'
import { answer } from '../jobs/render.ts'

/** `jobwright documents list NAME`: the documents of a collection, by path. */
export async function documentListHandler(args: { collection: string }, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const documents = await api.listDocuments(args.collection, { signal: ctx.signal })
  const rows = documents.items.map((entry) => [
    entry.path,
    entry.media_type,
    formatBytes(entry.size_bytes),
    formatTime(entry.updated_at),
  ])
  return answer(ctx, documents, () =>
    rows.length === 0
      ? 'no documents\n'
      : renderTable(['PATH', 'TYPE', 'SIZE', 'UPDATED'], rows, {
          columns: ctx.columns(),
          drop: ['UPDATED', 'TYPE', 'SIZE'],
        }),
  )
}
