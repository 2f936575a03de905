import type { TriggerQuicklyResult } from '../activities/index.ts'
import { jsonBytes } from '../base/json.ts'

/** While local activities run, what else a workflow has to do waits: none begins later than this in a workflow task. */
const taskMs = 100
/** What they bring is in one message with all that the workflow task schedules: 4 MiB at most. */
const taskBytes = 1536 * 1024
/** What one of them may bring. */
const resultBytes = 24 * 1024
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
  let underWay = 0
  let bytes = 0
  let taskBegunMs = Number.NEGATIVE_INFINITY
  let lastEndedMs = Number.NEGATIVE_INFINITY
  let lateUntilMs = Number.NEGATIVE_INFINITY

  /** What follows from the end of one has the same time as that; all else begins a workflow task. */
  function isNewTask(nowMs: number): boolean {
    return underWay === 0 && nowMs !== lastEndedMs
  }

  return {
    begin() {
      const nowMs = Date.now()
      if (nowMs < lateUntilMs) return 'not_at_all'
      if (isNewTask(nowMs)) {
        taskBegunMs = nowMs
        bytes = 0
      }
      const fits = bytes + (underWay + 1) * resultBytes <= taskBytes
      if (!fits || nowMs - taskBegunMs > taskMs) return nextTask()
      underWay += 1
      return undefined
    },
    end(result) {
      underWay -= 1
      lastEndedMs = Date.now()
      bytes += jsonBytes(result)
      if (!result || (result.phase === 'unsure' && result.isLate)) lateUntilMs = lastEndedMs + lateMs
    },
  }
}
