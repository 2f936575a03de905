import { isDone } from '../../pipeline/plan/transitions.ts'
import type { CliContext, PipelineRunView } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { escapeControl } from '../output/text.ts'
import { renderBlock } from '../progress/block.ts'
import { painter } from '../progress/follow.ts'
import { createJobRunProgress } from '../progress/job-runs.ts'
import { summaryLines } from '../progress/summary.ts'

/** `jobwright show ID`: where a run stands now. 0 whatever its status; `watch` has an exit code for that. */
export async function showHandler(args: { id: string }, ctx: CliContext): Promise<number> {
  const access = await ctx.connect()
  try {
    const found = await access.pipelines.show(args.id)
    const progress = createJobRunProgress(ctx)
    if (!isDone(found.status)) await progress.look(found)
    const view = progress.join(found)
    if (ctx.output === 'json') {
      ctx.stdout.write(renderJson(view))
      return exitCodes.completed
    }
    const lines = renderBlock(view, ctx.now(), ctx.columns() ?? Number.POSITIVE_INFINITY, painter(ctx.color))
    const summary = isDone(view.status) ? summaryLines(view, { failures: false }) : []
    ctx.stdout.write(`${[...lines, ...summary, ...whose(view)].join('\n')}\n`)
    return exitCodes.completed
  } finally {
    await access.close()
  }
}

function whose({ workspace, owner }: PipelineRunView): string[] {
  if (workspace === null) return []
  const by = owner === null ? '' : ` by ${escapeControl(owner)}`
  return [`started${by} in workspace ${escapeControl(workspace)}`]
}
