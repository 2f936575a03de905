import { CancellationScope, sleep } from '@temporalio/workflow'
import type { LookAtJobRunsResult, OpenRun } from '../activities/index.ts'
import type { JobRunRecord, StepError } from '../pipeline/plan/index.ts'
import { finalError, type RunEnd, type TimeLeft } from '../remote-run/index.ts'

/** In one activity, so that what it finds stays small. */
const looksAtOnce = 40
/** Ends of runs that nobody waits for yet. */
const mostEarly = 2_000

/** Who waits for the ends of job runs, which signals bring. */
export interface Ends {
  /** What a signal brings; again, and of others, it changes nothing. */
  hear(records: readonly JobRunRecord[]): void
  wait(run: OpenRun, options: WaitOptions): Promise<RunEnd>
  /** It has ended, and its step does not know yet. */
  hasEarly(jobRunId: string): boolean
}

export interface WaitOptions {
  scope: CancellationScope
  left: TimeLeft
  /** The server knows who waits; otherwise it is told first. */
  isTold: boolean
  onTold(): void
}

export interface EndsOptions {
  /** After so long without a signal, runs are looked at all the same. */
  leaseMs: number
  look(runs: OpenRun[]): Promise<LookAtJobRunsResult>
  /** What to wait for before anything follows from a look. */
  calm(): Promise<void> | undefined
}

interface Waiter {
  run: OpenRun
  scope: CancellationScope
  onTold(): void
  resolve(end: RunEnd): void
  reject(cancellation: unknown): void
}

export function createEnds({ leaseMs, look, calm }: EndsOptions): Ends {
  const waiters = new Map<string, Waiter>()
  /** A signal may come before the answer of the trigger, or while its step still waits for something else. */
  const early = new Map<string, JobRunRecord>()
  const over = new Set<string>()
  const cancellations = new Map<CancellationScope, { error?: unknown }>()
  let isLeased = false
  let unlooked: OpenRun[] = []

  function end(jobRunId: string, end: RunEnd): void {
    const waiter = waiters.get(jobRunId)
    if (!waiter) return
    waiters.delete(jobRunId)
    over.add(jobRunId)
    waiter.resolve(end)
  }

  function cancellationOf(scope: CancellationScope): { error?: unknown } {
    const known = cancellations.get(scope)
    if (known) return known
    const made: { error?: unknown } = {}
    cancellations.set(scope, made)
    scope.cancelRequested.catch((error: unknown) => {
      made.error = error
      for (const [jobRunId, waiter] of waiters) {
        if (waiter.scope !== scope) continue
        waiters.delete(jobRunId)
        waiter.reject(error)
      }
    })
    return made
  }

  async function lookAt(runs: readonly OpenRun[]): Promise<void> {
    for (let next = 0; next < runs.length; next += looksAtOnce) {
      const some = runs.slice(next, next + looksAtOnce).filter(({ jobRunId }) => waiters.has(jobRunId))
      if (some.length === 0) continue
      try {
        const ended = await look(some)
        await calm()
        for (const { jobRunId } of some) waiters.get(jobRunId)?.onTold()
        for (const found of ended) end(found.jobRunId, found.end)
      } catch (error) {
        await calm()
        const refused: StepError = finalError(error) ?? { code: 'activity_failed', message: String(error) }
        for (const { jobRunId } of some) end(jobRunId, { refused })
      }
    }
  }

  /** One timer while anybody waits, whoever that is. */
  function lease(): void {
    if (isLeased) return
    isLeased = true
    void CancellationScope.nonCancellable(async () => {
      while (waiters.size > 0) {
        await sleep(leaseMs)
        await calm()
        await lookAt([...waiters.values()].map(({ run }) => run))
      }
      isLeased = false
    })
  }

  function lookSoon(run: OpenRun): void {
    unlooked.push(run)
    if (unlooked.length > 1) return
    void CancellationScope.nonCancellable(async () => {
      await Promise.resolve()
      const runs = unlooked
      unlooked = []
      await lookAt(runs)
    })
  }

  return {
    hear(records) {
      for (const record of records) {
        const { jobRunId } = record
        if (waiters.has(jobRunId)) end(jobRunId, record)
        else if (!over.has(jobRunId) && early.size < mostEarly) early.set(jobRunId, record)
      }
    },
    wait(run, { scope, left, isTold, onTold }) {
      const { jobRunId } = run
      const known = early.get(jobRunId)
      if (known) {
        early.delete(jobRunId)
        over.add(jobRunId)
        return Promise.resolve(known)
      }
      const cancellation = cancellationOf(scope)
      if ('error' in cancellation) return Promise.reject(cancellation.error)
      return new Promise((resolve, reject) => {
        waiters.set(jobRunId, { run, scope, onTold, resolve, reject })
        left.over?.then(
          () => end(jobRunId, 'out_of_time'),
          () => {},
        )
        lease()
        if (!isTold) lookSoon(run)
      })
    },
    hasEarly: (jobRunId) => early.has(jobRunId),
  }
}
