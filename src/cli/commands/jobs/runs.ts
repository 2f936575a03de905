import { type JobRunStatus, jobRunStatuses } from '../../../contract/index.ts'
import type { CliContext } from '../../context.ts'
import { usageError } from '../../errors.ts'
import { escapeControl } from '../../output/text.ts'
import { answer, belowList, runTable } from './render.ts'

export interface JobRunListArgs {
  job?: string | undefined
  type?: string[] | undefined
  status?: string[] | undefined
  createdAfter?: string | undefined
  createdBefore?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** `jobwright jobs runs`: job runs, newest first. */
export async function jobRunsHandler(args: JobRunListArgs, ctx: CliContext): Promise<number> {
  const statuses = args.status?.map(knownStatus)
  const api = await ctx.api()
  const query = {
    job_id: args.job,
    job_types: args.type,
    statuses,
    created_after: args.createdAfter,
    created_before: args.createdBefore,
    limit: args.limit,
    cursor: args.cursor,
  }
  const runs = await api.listJobRuns(query, { signal: ctx.signal })
  return answer(ctx, runs, () =>
    runs.items.length === 0 && !runs.unreadable
      ? 'no job runs\n'
      : runTable(runs.items, ctx) + belowList(runs),
  )
}

function knownStatus(status: string): JobRunStatus {
  const known = jobRunStatuses.find((one) => one === status)
  if (known) return known
  throw usageError(
    'unknown_status',
    `--status ${escapeControl(status)}: there is no such status`,
    `one of ${jobRunStatuses.join(', ')}`,
  )
}
