import type { CliContext, LimitState } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { renderTable } from '../output/table.ts'
import { escapeControl } from '../output/text.ts'
import { formatTime } from '../output/time.ts'
import { holderText } from '../progress/queue.ts'
import { ownWorkspace } from './runs.ts'

/** `jobwright limits`: who has places under which key, and who waits, in their order. JSON is `{items, count}`, as the API's lists are. */
export async function limitsHandler(
  args: { allWorkspaces?: boolean | undefined },
  ctx: CliContext,
): Promise<number> {
  const workspace = args.allWorkspaces ? undefined : await ownWorkspace(ctx)
  const access = await ctx.connect()
  try {
    const items = (await access.pipelines.limits()).filter(
      (limit) => workspace === undefined || limit.workspace === workspace,
    )
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ items, count: items.length }))
    else
      ctx.stdout.write(
        items.length === 0 ? 'nobody has a place under a limit, or waits for one\n' : table(items, ctx),
      )
    return exitCodes.completed
  } finally {
    await access.close()
  }
}

function table(limits: readonly LimitState[], ctx: CliContext): string {
  const rows = limits.flatMap(({ key, limit, holders, waiting }) => {
    const head = [escapeControl(key), limit === null ? '?' : `${holders.length}/${limit}`]
    const has = holders.map((one) => [...head, 'has a place', holderText(one), formatTime(one.since) ?? ''])
    const waits = waiting.map((one, index) => [
      ...head,
      `waits, ${index + 1}`,
      holderText(one),
      formatTime(one.since) ?? '',
    ])
    const all = [...has, ...waits]
    return all.length > 0 ? all : [[...head, '', 'no worker answers', '']]
  })
  return renderTable(['KEY', 'TAKEN', 'IS', 'WHO', 'SINCE'], rows, {
    columns: ctx.columns(),
    cut: ['WHO'],
    drop: ['SINCE'],
  })
}
