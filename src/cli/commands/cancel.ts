import { isDone } from '../../pipeline/plan/transitions.ts'
import { type CliContext, note, type PipelineRunView, type Pipelines } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { escapeControl } from '../output/text.ts'
import { follow } from '../progress/follow.ts'

export interface CancelArgs {
  id: string
  detach?: boolean | undefined
}

/**
 * `jobwright cancel ID`: asks for it, then follows until every remote run has ended. 0 when it was cancelled as asked,
 * or completed before the cancel reached it; a run that failed meanwhile gives 1.
 */
export async function cancelHandler(args: CancelArgs, ctx: CliContext): Promise<number> {
  const access = await ctx.connect()
  try {
    const over = await requestCancel(access.pipelines, args.id)
    if (over !== undefined) return alreadyOver(args.id, over, ctx)
    if (!args.detach) {
      note(ctx, `cancelling ${escapeControl(args.id)}`)
      return await follow(access.pipelines, args.id, ctx, {
        exitCodes: { cancelled: exitCodes.completed },
        isPatient: true,
      })
    }
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ id: args.id, status: 'cancelling' }))
    else ctx.stdout.write(`cancel of ${escapeControl(args.id)} requested\n`)
    return exitCodes.completed
  } finally {
    await access.close()
  }
}

/** The status of a run that was over already; undefined when the cancel was asked for. */
async function requestCancel(
  pipelines: Pipelines,
  id: string,
): Promise<PipelineRunView['status'] | undefined> {
  // Temporal takes the cancel of a closed run without a word. A run that cannot be shown can still be cancelled.
  const view = await pipelines.show(id).catch(() => undefined)
  if (view !== undefined && isDone(view.status)) return view.status
  await pipelines.cancel(id)
  return undefined
}

/** Told as what a cancel that came too late would have found. */
function alreadyOver(id: string, status: PipelineRunView['status'], ctx: CliContext): number {
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ id, status }))
  else ctx.stdout.write(`${escapeControl(id)} has ended already: ${status}\n`)
  return status === 'failed' ? exitCodes.failed : exitCodes.completed
}
