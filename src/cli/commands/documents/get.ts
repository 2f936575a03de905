import type { CliContext } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { writeContent } from '../../output/content.ts'

/** `jobwright documents get NAME PATH`: one document, as it is. */
export async function documentGetHandler(
  args: { collection: string; path: string },
  ctx: CliContext,
): Promise<number> {
  const api = await ctx.api()
  const document = await api.getDocument(args.collection, args.path, { signal: ctx.signal })
  writeContent(ctx, args, document)
  return exitCodes.completed
}
