import type { CliContext } from '../../context.ts'
import { readConfigOption } from './config-option.ts'
import { requireKeys } from './key-option.ts'
import { answer, jobFields } from './render.ts'

export interface JobCreateArgs {
  type: string
  config?: string | undefined
  /** Idempotency key: the same again gives the first job again. */
  key?: string | undefined
}

/** `jobwright jobs create --type T`: saves a job; runs nothing. */
export async function jobCreateHandler(args: JobCreateArgs, ctx: CliContext): Promise<number> {
  const config = args.config === undefined ? undefined : await readConfigOption(args.config, ctx.cwd)
  const api = await ctx.api()
  await requireKeys(api, args.key, ctx)
  const job = await api.createJob(
    { job_type: args.type, ...(config ? { config: { job_type: args.type, ...config } } : {}) },
    { idempotencyKey: args.key, signal: ctx.signal },
  )
  return answer(ctx, job, () => jobFields(job))
}
