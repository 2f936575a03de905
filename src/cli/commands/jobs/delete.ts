import type { CliContext } from '../../context.ts'
import { escapeControl } from '../../output/text.ts'
import { answer } from './render.ts'

/** `jobwright jobs delete JOB_ID`: its runs stay, active ones too. */
export async function jobDeleteHandler(args: { jobId: string }, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const result = await api.deleteJob(args.jobId, { signal: ctx.signal })
  return answer(ctx, result, () => `${escapeControl(result.message || 'deleted')}\n`)
}
