import { condition, sleep } from '@temporalio/workflow'

/** The answer to a workflow task may have 4 MiB, and all that it schedules is in it. */
const taskBytes = 2 * 1024 * 1024
/** Steps of evaluation; the worker gives up on a workflow task whose code runs for seconds. */
const taskSteps = 2_000_000
/** A history of 50 MiB ends the workflow: what one execution schedules stays far below. */
const executionBytes = 16 * 1024 * 1024

/** Keeps what one workflow task does, and what one execution schedules, within Temporal's limits. */
export interface Pace {
  /** Counts this much as scheduled: undefined once it may be, else what to wait for before asking again. */
  admit(bytes: number): Promise<void> | undefined
  /** True when this workflow task has evaluated enough. */
  isBusy(): boolean
  nextTask(): Promise<void>
  /** Tells of evaluation that was done. */
  count(steps: number): void
  /** True when something waits that only the next execution can do. */
  isExhausted(): boolean
}

export function createPace(): Pace {
  const task = { bytes: 0, steps: 0 }
  let scheduled = 0
  let exhausted = false
  let next: Promise<void> | undefined

  /** A timer is the only way to end a workflow task; all who wait share one. */
  function nextTask(): Promise<void> {
    next ??= sleep(1).finally(() => {
      Object.assign(task, { bytes: 0, steps: 0 })
      next = undefined
    })
    return next
  }

  return {
    admit(bytes) {
      if (task.bytes > 0 && task.bytes + bytes > taskBytes) return nextTask()
      if (scheduled > 0 && scheduled + bytes > executionBytes) {
        exhausted = true
        return condition(() => false)
      }
      task.bytes += bytes
      scheduled += bytes
      return undefined
    },
    isBusy: () => task.steps > taskSteps,
    nextTask,
    count: (steps) => {
      task.steps += steps
    },
    isExhausted: () => exhausted,
  }
}
