import type { CliContext, Schedules } from '../../context.ts'

/** Connects for the time of some work, which Ctrl-C ends. */
export async function withSchedules<T>(
  ctx: CliContext,
  work: (schedules: Schedules) => Promise<T>,
): Promise<T> {
  const access = await ctx.connect()
  try {
    return await work(access.schedules)
  } finally {
    await access.close()
  }
}
