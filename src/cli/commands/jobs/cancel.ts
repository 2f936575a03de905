import type { CliContext } from '../../context.ts'
import { escapeControl } from '../../output/text.ts'
import { answer } from './render.ts'

/** `jobwright jobs cancel JOB_RUN_ID`: asks for it; a run that has ended already is refused by the server. */
export async function jobCancelHandler(args: { jobRunId: string }, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const result = await api.cancelJobRun(args.jobRunId, { signal: ctx.signal })
  return answer(ctx, result, () => `${escapeControl(result.message || 'cancel requested')}\n`)
}
