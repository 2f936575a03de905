import type { CliContext } from '../../context.ts'
import { answer, runFields } from './render.ts'

/** `jobwright jobs latest-run JOB_ID`: JSON `null` when the job has none. */
export async function latestRunHandler(args: { jobId: string }, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const run = await api.getLatestRun(args.jobId, { signal: ctx.signal })
  return answer(ctx, run ?? null, () => (run ? runFields(run) : 'no runs yet\n'))
}
