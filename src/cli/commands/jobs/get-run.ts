import type { CliContext } from '../../context.ts'
import { answer, runFields } from './render.ts'

/** `jobwright jobs get-run JOB_RUN_ID`: one job run as it stands. */
export async function jobGetRunHandler(args: { jobRunId: string }, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const run = await api.getJobRun(args.jobRunId, { signal: ctx.signal })
  return answer(ctx, run, () => runFields(run))
}
