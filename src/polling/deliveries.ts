import type { WireJobRun } from '../client/index.ts'
import type { Clock, PollerOptions, Wait, WaitEnd } from './types.ts'

const atOnce = 50
/** A wait can be registered a moment before it can be told; after this long its own next look covers it. */
const notNowMs = 5_000
const againMs = 500
const longestAgainMs = 5_000
/** Ends that could not be told, for waits that come back. */
const remembered = 1_000

/** Tells ends, some at a time, each until it was taken. */
export interface Deliveries {
  push(wait: Wait, end: WaitEnd): void
  lastSeen(jobRunId: string): WireJobRun | undefined
  /** What was not told. */
  stop(): Wait[]
}

export function createDeliveries(
  { deliver }: Pick<PollerOptions, 'deliver'>,
  clock: Clock,
  signal: AbortSignal,
): Deliveries {
  const open = new Set<Wait>()
  const line: { wait: Wait; end: WaitEnd }[] = []
  const untold = new Map<string, WireJobRun>()
  let running = 0

  async function tell(wait: Wait, end: WaitEnd): Promise<void> {
    const sinceMs = clock.now()
    for (let pauseMs = againMs; !signal.aborted; ) {
      try {
        if ((await deliver(wait.id, end)) === 'delivered') {
          untold.delete(wait.jobRunId)
          return
        }
        if (clock.now() - sinceMs >= notNowMs) return
      } catch {
        // Temporal is away: until it is back.
        pauseMs = Math.min(pauseMs * 2, longestAgainMs)
      }
      await clock.sleep(pauseMs, signal)
    }
  }

  function serve(): void {
    while (running < atOnce) {
      const next = line.shift()
      if (!next) return
      running += 1
      void tell(next.wait, next.end).then(() => {
        running -= 1
        if (!signal.aborted) open.delete(next.wait)
        serve()
      })
    }
  }

  return {
    push(wait, end) {
      open.add(wait)
      if (end.kind === 'ended') {
        untold.set(wait.jobRunId, end.run)
        const [oldest] = untold.keys()
        if (untold.size > remembered && oldest !== undefined) untold.delete(oldest)
      }
      line.push({ wait, end })
      serve()
    },
    lastSeen: (jobRunId) => untold.get(jobRunId),
    stop: () => [...open],
  }
}
