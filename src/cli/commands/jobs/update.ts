import type { CliContext } from '../../context.ts'
import { readConfigOption } from './config-option.ts'
import { answer, jobFields } from './render.ts'

/** `jobwright jobs update JOB_ID --config …`: merges into the saved config; null removes a member (RFC 7396). */
export async function jobUpdateHandler(
  args: { jobId: string; config: string },
  ctx: CliContext,
): Promise<number> {
  const config = await readConfigOption(args.config, ctx.cwd)
  const api = await ctx.api()
  const job = await api.updateJob(args.jobId, { config }, { signal: ctx.signal })
  return answer(ctx, job, () => jobFields(job))
}
