import type { CliContext } from '../../context.ts'
import { answer, belowList, jobTable } from './render.ts'

export interface JobListArgs {
  type?: string[] | undefined
  createdBy?: string[] | undefined
  session?: string[] | undefined
  createdAfter?: string | undefined
  createdBefore?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** `jobwright jobs list`: newest first. */
export async function jobListHandler(args: JobListArgs, ctx: CliContext): Promise<number> {
  const api = await ctx.api()
  const query = {
    job_types: args.type,
    created_by_users: args.createdBy,
    source_session_ids: args.session,
    created_after: args.createdAfter,
    created_before: args.createdBefore,
    limit: args.limit,
    cursor: args.cursor,
  }
  const jobs = await api.listJobs(query, { signal: ctx.signal })
  return answer(ctx, jobs, () =>
    jobs.items.length === 0 && !jobs.unreadable
      ? 'no jobs\n'
      : jobTable(jobs.items, ctx.columns()) + belowList(jobs),
  )
}
