import { pause } from '../../base/abort.ts'
import type { ExecutionState, JobStore, RunExecutor } from '../ports/index.ts'
import { backoffMs, patience, within } from './backoff.ts'
import type { Loop } from './dispatcher.ts'
import { finishRun, readRun } from './finish-run.ts'
import { judge } from './judge.ts'
import { createOutage, type DispatchLog, type Outage } from './outage.ts'

export interface ReconcilerOptions {
  store: JobStore
  executor: RunExecutor
  log: DispatchLog
  /** How long a run is left alone after it was checked. */
  intervalMs: number
  /** Calls to Temporal at a time. @default 8 */
  concurrency?: number
  /** @default Math.random */
  random?: () => number
}

/** Runs claimed at a time. */
const batch = 100

/**
 * Makes up for what was never reported: a run that was terminated, timed out or lost in Temporal gets its end here,
 * since no worker is left to tell. Safe to run on several servers.
 */
export function createReconciler(options: ReconcilerOptions): Loop {
  const { store, executor, log, intervalMs, concurrency = 8, random = Math.random } = options
  return {
    async run(signal) {
      const database = createOutage(log, 'The database (reconciler)')
      const temporal = createOutage(log, 'Temporal (reconciler)')
      /** Runs that were completed but unreported at the last check, and when that was. */
      const silent = new Map<string, number>()
      let failures = 0
      while (!signal.aborted) {
        try {
          const claimed = await store.dispatch.claimUnreported({ limit: batch, againMs: intervalMs })
          await inParallel(claimed, concurrency, signal, (jobRunId) =>
            check({ store, executor, temporal, log, stopping: signal }, jobRunId, silent),
          )
          database.worked()
          failures = 0
          forgetOld(silent, intervalMs)
          if (claimed.length < batch) await pause(intervalMs, signal)
        } catch (error) {
          database.failed(error)
          await pause(Math.min(intervalMs, backoffMs(failures++, random)), signal)
        }
      }
    },
  }
}

interface Check {
  store: JobStore
  executor: RunExecutor
  temporal: Outage
  log: DispatchLog
  stopping: AbortSignal
}

async function check(
  { store, executor, temporal, log, stopping }: Check,
  jobRunId: string,
  silent: Map<string, number>,
): Promise<void> {
  const run = await readRun(store, jobRunId)
  if (!run) return
  let state: ExecutionState
  try {
    state = await within({ ...patience, stopping }, 'Temporal', executor.describe(jobRunId))
  } catch (error) {
    // Checked again after the interval.
    temporal.failed(error, { jobRunId })
    return
  }
  temporal.worked()
  const verdict = judge(run, state, silent.delete(jobRunId))
  switch (verdict.do) {
    case 'nothing':
      return
    case 'wait':
      silent.set(jobRunId, performance.now())
      return
    case 'start':
      log.warn({ jobRunId }, 'Temporal does not know a dispatched run; starting it again')
      await store.dispatch.redispatch(jobRunId)
      return
    case 'finish':
      if (await finishRun(store, run, verdict.end))
        log.warn({ jobRunId, ...verdict.end }, 'a run ended without a report')
  }
}

/** Another server may have seen to a run since: what it does not bring again is dropped. */
function forgetOld(silent: Map<string, number>, intervalMs: number): void {
  const oldest = performance.now() - 20 * intervalMs
  for (const [jobRunId, at] of silent) if (at < oldest) silent.delete(jobRunId)
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const lane = async () => {
    for (const item of rest) {
      if (signal.aborted) return
      await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
}
