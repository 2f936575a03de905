import type { CliContext } from '../../context.ts'
import { answer, jobFields } from './render.ts'

/** `jobwright jobs get JOB_ID`: one job, a deleted one too. */
export async function jobGetHandler(args: { jobId: string }, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const job = await api.getJob(args.jobId, { signal: ctx.signal })
  return answer(ctx, job, () => jobFields(job))
}
