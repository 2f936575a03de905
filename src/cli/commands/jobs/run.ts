import { setTimeout as sleep } from 'node:timers/promises'
import type { WireJobRun } from '../../../client/index.ts'
import { isTerminalStatus } from '../../../contract/index.ts'
import { type CliContext, type JobsClient, note } from '../../context.ts'
import { exitCodeOfStatus, exitCodes } from '../../exit-codes.ts'
import { escapeControl, formatClock, shellWord } from '../../output/text.ts'
import { readConfigOption } from './config-option.ts'
import { requireKeys } from './key-option.ts'
import { answer, runFields } from './render.ts'

/** Ends at once when the run does; short, so that `running` is told soon after it is so. */
const longPollSeconds = 2
/** Between two looks at a server that does not hold the request. */
const pollIntervalMs = 1_000

export interface JobRunArgs {
  jobId: string
  /** Merged over the job's own. */
  config?: string | undefined
  /** Idempotency key: the same again gives the first run again. */
  key?: string | undefined
  wait?: boolean | undefined
}

/** `jobwright jobs run JOB_ID`: starts one run; with `--wait` follows it, and the exit code says how it ended. */
export async function jobRunHandler(args: JobRunArgs, ctx: CliContext): Promise<number> {
  const config = args.config === undefined ? undefined : await readConfigOption(args.config, ctx.cwd)
  const api = await ctx.api()
  await requireKeys(api, args.key, ctx)
  const started = await api.createJobRun(
    { job_id: args.jobId, ...(config ? { config } : {}) },
    { idempotencyKey: args.key, signal: ctx.signal },
  )
  if (!args.wait) return answer(ctx, started, () => runFields(started))
  const run = await awaitJobRun(started, api, ctx)
  if (run === undefined) {
    note(ctx, `No longer waiting; the run goes on.\n  jobwright jobs cancel ${shellWord(started.uuid)}`)
    return exitCodes.interrupted
  }
  answer(ctx, run, () => runFields(run))
  return exitCodeOfStatus(run.status) ?? exitCodes.failed
}

/** The run once it has ended; undefined after Ctrl-C. */
async function awaitJobRun(
  started: WireJobRun,
  api: JobsClient,
  ctx: CliContext,
): Promise<WireJobRun | undefined> {
  let run = started
  let said: string | undefined
  while (true) {
    if (run.status !== said)
      note(ctx, `${formatClock(ctx.now())} run ${escapeControl(run.uuid)} ${escapeControl(run.status)}`)
    said = run.status
    if (isTerminalStatus(run.status)) return run
    const askedAt = ctx.now()
    try {
      run = await api.getJobRun(run.uuid, { waitSeconds: longPollSeconds, signal: ctx.signal })
      const early = pollIntervalMs - (ctx.now() - askedAt)
      if (!isTerminalStatus(run.status) && early > 0) await sleep(early, undefined, { signal: ctx.signal })
    } catch (error) {
      if (ctx.signal.aborted) return undefined
      throw error
    }
  }
}
