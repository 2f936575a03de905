import type { TriggerQuicklyResult } from '../activities/index.ts'

/**
 * While local activities run, what else a workflow has to do waits: after so many of them a workflow task ends. They are counted, and not
 * timed: when a workflow task is prolonged, an end may come before a signal in the one order and after it on a replay.
 * What they bring, 24 KiB each, is in one message with all that the workflow task schedules.
 */
const perTask = 16
/** A server that was late once would only hold up more workflow tasks. */
const lateMs = 30_000

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
  let lateUntilMs = Number.NEGATIVE_INFINITY
  let next: Promise<void> | undefined

  return {
    begin() {
      if (Date.now() < lateUntilMs) return 'not_at_all'
      if (begun >= perTask) {
        next ??= nextTask().then(() => {
          begun = 0
          next = undefined
        })
        return next
      }
      begun += 1
      return undefined
    },
    end(result) {
      if (!result || (result.phase === 'unsure' && result.isLate)) lateUntilMs = Date.now() + lateMs
    },
  }
}
