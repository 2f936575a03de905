import type { TriggerQuicklyResult } from '../activities/index.ts'

/**
 * While local activities run, what else a workflow has to do waits: a workflow task ends after so many of them, or once they took so
 * long together. By what they say themselves: beside local activities `Date.now()` is another one on a replay.
 * What they bring, 24 KiB each, is in one message with all that the workflow task schedules.
 */
const perTask = { triggers: 64, ms: 150 } as const
/** What is not known to have ended in time. */
const lostMs = 1_000
/** A server that was late would only hold up more workflow tasks: so many triggers go without. */
const sparedWhenLate = 50

/** Keeps local triggers from holding a workflow task for long. */
export interface LocalTriggers {
  /** Counts one that begins: undefined when it may now, else what to wait for before asking again; `not_at_all` for a while. */
  begin(): Promise<void> | 'not_at_all' | undefined
  /** Counts one that has ended. */
  end(result: TriggerQuicklyResult | undefined): void
}

/** @param nextTask ends the workflow task */
export function createLocalTriggers(nextTask: () => Promise<void>): LocalTriggers {
  let begun = 0
  let heldMs = 0
  let spared = 0
  let next: Promise<void> | undefined

  return {
    begin() {
      if (spared > 0) {
        spared -= 1
        return 'not_at_all'
      }
      if (begun >= perTask.triggers || heldMs >= perTask.ms) {
        next ??= nextTask().then(() => {
          begun = 0
          heldMs = 0
          next = undefined
        })
        return next
      }
      begun += 1
      return undefined
    },
    end(result) {
      heldMs += result ? (result.tookMs ?? 0) : lostMs
      if (!result || (result.phase === 'unsure' && result.isLate)) spared = sparedWhenLate
    },
  }
}
