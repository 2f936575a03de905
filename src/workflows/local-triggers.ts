import { CancellationScope, condition } from '@temporalio/workflow'
import type { TriggerQuicklyResult } from '../activities/index.ts'
import { startDeadline } from './deadline.ts'
import { settled } from './settled.ts'

/**
 * While local activities run, what else a workflow has to do waits: a workflow task ends once they took so long. By what they say
 * themselves, as beside local activities `Date.now()` is another one on a replay. What they bring, 24 KiB each, is in one message.
 */
const perTask = { triggers: 64, ms: 300 } as const
/** What is not known to have ended in time. */
const lostMs = 1_000
/** A server that was late would only hold up more workflow tasks: so many triggers go without. */
const sparedWhenLate = 50

/** `not_at_all`: the regular trigger is to be taken at once. Undefined: it did not answer. */
export type LocalResult = TriggerQuicklyResult | 'not_at_all' | undefined

/**
 * Runs local triggers in batches. On a replay local activities end together that ended one after the other: nothing follows from any of
 * them before all that run have ended, and then it follows in the order in which they began. What else comes meanwhile, as it may
 * where a workflow task is prolonged, waits until that is done.
 */
export interface LocalTriggers {
  /** @param begin begins the local activity; what it throws is thrown */
  run(begin: () => Promise<TriggerQuicklyResult | undefined>): Promise<LocalResult>
  /** Does `work` once no batch is under way. */
  afterBatch(work: () => void): void
  /** The same for what a timer or an activity brought: undefined when it may go on. */
  calm(): Promise<void> | undefined
  /** By one timer for all that ask for the same before anything else comes. */
  pause(ms: number): Promise<void>
}

interface Queued {
  begin(): Promise<TriggerQuicklyResult | undefined>
  resolve(result: LocalResult): void
  reject(error: unknown): void
}

/** @param nextTask ends the workflow task */
export function createLocalTriggers(nextTask: () => Promise<void>): LocalTriggers {
  const queue: Queued[] = []
  const pauses = new Map<number, Promise<void>>()
  let later: (() => void)[] = []
  let isUnderWay = false
  let begun = 0
  let heldMs = 0
  let spared = 0

  const isFull = () => begun >= perTask.triggers || heldMs >= perTask.ms

  function calm(): Promise<void> | undefined {
    if (isUnderWay) return new Promise((resolve) => later.push(resolve))
    beginTask()
    return undefined
  }

  function beginTask(): void {
    begun = 0
    heldMs = 0
  }

  async function runBatch(): Promise<void> {
    const batch = queue.splice(0, perTask.triggers - begun)
    begun += batch.length
    const ends = await Promise.allSettled(batch.map(({ begin }) => begin()))
    let tookMs = 0
    for (const [index, { resolve, reject }] of batch.entries()) {
      const end = ends[index]
      if (end?.status !== 'fulfilled') {
        reject(end?.reason)
        continue
      }
      const result = end.value
      tookMs = Math.max(tookMs, result ? (result.tookMs ?? 0) : lostMs)
      if (!result || (result.phase === 'unsure' && result.isLate)) spared = sparedWhenLate
      resolve(result)
    }
    heldMs += tookMs
  }

  function doLater(): void {
    isUnderWay = false
    const works = later
    later = []
    // What came from outside began a workflow task.
    if (works.length > 0) beginTask()
    for (const work of works) work()
  }

  async function runAll(): Promise<void> {
    for (let isAtEnd = false; ; ) {
      await condition(() => queue.length > 0)
      if (isAtEnd || isFull()) {
        await nextTask()
        beginTask()
      }
      isUnderWay = true
      await runBatch()
      await settled()
      isAtEnd = queue.length > 0 && isFull()
      if (queue.length === 0 || isAtEnd) doLater()
    }
  }
  CancellationScope.nonCancellable(runAll).catch(() => {})

  return {
    run(begin) {
      if (spared > 0) {
        spared -= 1
        return Promise.resolve('not_at_all')
      }
      return new Promise((resolve, reject) => queue.push({ begin, resolve, reject }))
    },
    afterBatch(work) {
      if (isUnderWay) return void later.push(work)
      beginTask()
      work()
    },
    calm,
    pause(ms) {
      const known = pauses.get(ms)
      if (known) return known
      const { over } = startDeadline(ms, calm)
      pauses.set(ms, over)
      void CancellationScope.nonCancellable(settled).then(() => pauses.delete(ms))
      return over
    },
  }
}
