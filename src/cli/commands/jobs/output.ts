import type { CliContext } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { writeContent } from '../../output/content.ts'

/** `jobwright jobs output JOB_RUN_ID NAME`: one output of a run, as it is. */
export async function jobOutputHandler(
  args: { jobRunId: string; name: string },
  ctx: CliContext,
): Promise<number> {
  const api = await ctx.api()
  const output = await api.getOutput(args.jobRunId, args.name, { signal: ctx.signal })
  writeContent(ctx, { name: args.name }, output)
  return exitCodes.completed
}
