import { CancellationScope } from '@temporalio/workflow'
import type { Line } from './line.ts'

/** The answer to a workflow task may have 4 MiB, and all that it schedules is in it. */
const taskBytes = 2 * 1024 * 1024
/** What evaluations weigh together; the worker gives up on a workflow task whose code runs for seconds. */
const taskWeight = 2_000_000
/** A history of 50 MiB ends the workflow: what one execution schedules stays far below. */
const executionBytes = 16 * 1024 * 1024

/** Keeps what one workflow task does, and what one execution schedules, within Temporal's limits. */
export interface Pace {
  /** Counts this much as scheduled: undefined when it may be now, else a promise of that, in the order of asking. */
  admit(bytes: number): Promise<void> | undefined
  /** How many wait for being admitted. */
  waiting(): number
  /** True when this workflow task has evaluated enough. */
  isBusy(): boolean
  nextTask(): Promise<void>
  /** Tells of an evaluation; by its weight, which does not change with how it is done: timers hang on it. */
  weigh(weight: number): void
  /** True when something waits that only the next execution can do. */
  isExhausted(): boolean
}

/**
 * @param line empty, and used by nothing else
 * @param beginTask resolves in a later workflow task
 */
export function createPace(line: Line, beginTask: () => Promise<void>): Pace {
  const task = { bytes: 0, weight: 0 }
  /** Of those in the line, in its order. */
  const waiting: number[] = []
  let scheduled = 0
  let exhausted = false
  let next: Promise<void> | undefined
  let isServing = false

  /** All who wait share one. */
  function nextTask(): Promise<void> {
    // Not cancelled: steps that clean up may wait for it, too.
    next ??= CancellationScope.nonCancellable(beginTask).finally(() => {
      Object.assign(task, { bytes: 0, weight: 0 })
      next = undefined
    })
    return next
  }

  function fits(bytes: number): boolean {
    if (scheduled > 0 && scheduled + bytes > executionBytes) exhausted = true
    return !exhausted && (task.bytes === 0 || task.bytes + bytes <= taskBytes)
  }

  function count(bytes: number): void {
    task.bytes += bytes
    scheduled += bytes
  }

  /** Serves the line, task by task. What is exhausted waits for the next execution; a cancel sends the line away. */
  async function serveLine(): Promise<void> {
    isServing = true
    try {
      while (waiting.length > 0 && !exhausted) {
        await nextTask()
        for (let [bytes] = waiting; bytes !== undefined && fits(bytes); [bytes] = waiting) {
          waiting.shift()
          count(bytes)
          line.serve()
        }
      }
    } finally {
      isServing = false
    }
  }

  return {
    admit(bytes) {
      if (waiting.length === 0 && fits(bytes)) {
        count(bytes)
        return undefined
      }
      waiting.push(bytes)
      if (!isServing) serveLine().catch(() => {})
      return line.join()
    },
    waiting: () => waiting.length,
    isBusy: () => task.weight > taskWeight,
    nextTask,
    weigh: (weight) => {
      task.weight += weight
    },
    isExhausted: () => exhausted,
  }
}
