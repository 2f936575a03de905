import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow'
import type { JobRunRecord } from '../pipeline/plan/index.ts'
import { isTaskLost } from '../remote-run/index.ts'
import { settled } from './settled.ts'

/** One that takes longer to end was not over in the lost task, and nothing followed from it; others that are open are to be cancelled, too. */
const barMs = 30_000
/** One workflow task triggers no more job runs than that: after so many that had not begun, none of the others has. */
export const mostInVain = 64

/**
 * What local activities triggered in a workflow task that was lost is not in the history. Whoever does the task again triggers it under the
 * same keys, and so finds it; unless the pipeline run was cancelled meanwhile. Then what is about to begin, and may have begun in that task,
 * is cancelled by its key instead; and what follows from it, as far as that was over already.
 */
export interface LostTriggers {
  /** True where no step may begin for now, or any more; `begin` is called if it may after all, so that what it runs is cancelled by key. */
  holds(begin: () => void): boolean
  /**
   * For a job run that is about to begin. Undefined: it may, as nobody has cancelled the pipeline run. Otherwise it must not, and has to be
   * cancelled by its key where the promise says true; of that `bars` is told.
   */
  ask(): Promise<boolean> | undefined
  /** What cancels a run by its key; without a record it had not begun. */
  bars(ended: Promise<{ record: JobRunRecord | null }>): void
  /** Whether there was a lost workflow task before the cancel. */
  any(): Promise<boolean>
  /** Once the pipeline run was cancelled: until nobody asks any more, and what has begun is cancelled. */
  over(): Promise<void>
  /** Cancels what has begun at once if the pipeline run was cancelled and nothing can be lost: to be called when that becomes known. */
  cancelIfNone(): void
}

export interface LostTriggersOptions {
  /** Whose cancel is that of the pipeline run. */
  run: CancellationScope
  /** Of what it runs, which is cancelled a moment later. */
  scope: CancellationScope
  /** False once it is known that nothing is triggered by local activities. */
  mayBe(): boolean
  /** What to wait for before anything follows from a cancel, or from what an activity said. */
  calm(): Promise<void> | undefined
}

export function createLostTriggers({ run, scope, mayBe, calm }: LostTriggersOptions): LostTriggers {
  let answer: Promise<boolean> | undefined
  let asking = 0
  let inVain = 0
  let beforeEvent: number | undefined
  let isLost = false
  let isAsked = false
  run.cancelRequested.catch(() => {
    beforeEvent = workflowInfo().historyLength
    cancelIfNone()
  })

  function cancelIfNone(): void {
    if (run.consideredCancelled && !mayBe()) scope.cancel()
  }

  async function look(): Promise<boolean> {
    const found = await isTaskLost(beforeEvent ?? workflowInfo().historyLength)
    await calm()
    isLost = found
    return found
  }
  function known(): Promise<boolean> {
    answer ??= CancellationScope.nonCancellable(look)
    return answer
  }

  /** Until nothing follows any more and no local trigger is under way, which may have been about to begin. */
  async function quiet(): Promise<void> {
    await calm()
    await settled()
    for (let batch = calm(); batch; batch = calm()) {
      await batch
      await settled()
    }
  }

  return {
    holds(begin) {
      cancelIfNone()
      if (!run.consideredCancelled || scope.consideredCancelled || isLost) return false
      isAsked = true
      void known().then((found) => found && begin())
      return true
    },
    ask() {
      if (!run.consideredCancelled || !mayBe()) return undefined
      if (inVain >= mostInVain) return Promise.resolve(false)
      isAsked = true
      asking += 1
      return known()
    },
    bars(ended) {
      void ended
        .then(({ record }) => {
          if (record === null) inVain += 1
        })
        .catch(() => {})
        .finally(() => {
          asking -= 1
        })
    },
    any: () => (mayBe() ? known() : Promise.resolve(false)),
    over: () =>
      CancellationScope.nonCancellable(async () => {
        await quiet()
        if (isAsked && (await known())) {
          await settled()
          await condition(() => asking === 0, barMs)
        }
        if (isAsked) await quiet()
        scope.cancel()
      }),
    cancelIfNone,
  }
}

/** Where everything that is triggered is in the history. */
export const noLostTriggers: LostTriggers = {
  holds: () => false,
  ask: () => undefined,
  bars: () => {},
  any: () => Promise.resolve(false),
  over: () => Promise.resolve(),
  cancelIfNone: () => {},
}
