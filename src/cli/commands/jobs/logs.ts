import { type LogLine, limits } from '../../../contract/index.ts'
import type { CliContext } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { logLine } from '../../output/log-line.ts'

/** `jobwright jobs logs JOB_RUN_ID`: every line so far, oldest first, page by page. */
export async function jobLogsHandler(args: { jobRunId: string }, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const all: LogLine[] = []
  let cursor: string | undefined
  do {
    const page = await api.listJobRunLogs(
      args.jobRunId,
      { limit: limits.pageItems, ...(cursor === undefined ? {} : { cursor }) },
      { signal: ctx.signal },
    )
    if (ctx.output === 'json') all.push(...page.items)
    else ctx.stdout.write(page.items.map((entry) => logLine(entry)).join(''))
    // A server that gives the same cursor again would keep us here for ever.
    cursor = page.next_cursor === cursor ? undefined : page.next_cursor
  } while (cursor !== undefined)
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ items: all, count: all.length }))
  return exitCodes.completed
}
