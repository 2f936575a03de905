import type { CliContext } from '../context.ts'
import { follow } from '../progress/follow.ts'

/** `jobwright watch ID`: follows a run that exists; the exit code says how it ended. */
export async function watchHandler(args: { id: string }, ctx: CliContext): Promise<number> {
  const connection = await ctx.connect()
  try {
    return await follow(connection.pipelines, args.id, ctx)
  } finally {
    await connection.close()
  }
}
