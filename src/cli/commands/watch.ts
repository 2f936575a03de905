import type { CliContext } from '../context.ts'
import { follow } from '../progress/follow.ts'

/** `jobwright watch ID`: follows a run that exists; the exit code says how it ended. */
export async function watchHandler(args: { id: string }, ctx: CliContext): Promise<number> {
  const access = await ctx.connect()
  try {
    return await follow(access.pipelines, args.id, ctx)
  } finally {
    await access.close()
  }
}
