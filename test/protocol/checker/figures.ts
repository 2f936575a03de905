import type { TriggerPolicy } from '../../../src/protocol/index.ts'
import type { Bounds, Fate, Network } from './network.ts'
import { enumerate } from './schedules.ts'
import { runStep } from './step.ts'
import { createWorld, ours, runsAt, shown, tickMs } from './world.ts'

/**
 * How many schedules double a run, by what a client does after a POST whose answer is lost. A schedule is what becomes of each of
 * three attempts, whether it is made or not: how stale its looks are, 0 … L, and one of these:
 * - the worker dies before it sends; the request is dropped; it is dropped, and the worker dies;
 * - it is delayed 0 … D, and answered; or the answer is lost; or the worker dies before the answer, or before it is recorded.
 * With D = 6 and L = 2 that is 3 × (3 + 7 × 4) = 93 for an attempt. The client gives up after τ = 2; a worker that died is noticed
 * a tick later. Schedules that differ only in what is never asked are run once and counted as many.
 */
export interface Variant {
  /** From when the client gave up to the look that decides, in ticks. */
  waitTicks: number
  /** Whether the looks show anything. */
  looks: boolean
}

export const figureBounds: Bounds = { delivery: 6, listing: 2, timeout: 2 }
const attempts = 3

export interface Figure {
  schedules: number
  doubled: number
  share: number
  /** Schedules that ended with exactly one run. */
  once: number
}

export function figureOf({ waitTicks, looks }: Variant, bounds: Bounds = figureBounds): Figure {
  const fates = attemptFates(bounds)
  const stale = Array.from({ length: bounds.listing + 1 }, (_, ticks) => ticks)
  const choices = fates.length * stale.length
  const policy: TriggerPolicy = {
    mode: 'bounded',
    deliveryMs: waitTicks * tickMs,
    listingMs: 0,
    sendingMs: 0,
  }
  const job = { jobId: 'job', isOwn: true, madeAtMs: 0, creator: 'us', before: null, isMarked: false }
  let doubled = 0
  let once = 0
  const { schedules } = enumerate((forks, weight) => {
    const world = createWorld()
    const drawn = new Map<number, number>()
    let made = 0
    const staleness = (attempt: number): number => {
      const known = drawn.get(attempt)
      if (known !== undefined) return known
      const ticks = forks.pick(stale)
      drawn.set(attempt, ticks)
      return ticks
    }
    const network: Network = {
      fate() {
        made += 1
        return forks.pick(fates)
      },
      list(_, jobId, attempt) {
        // Nothing to see, nothing to ask.
        if (!looks || attempt >= attempts || ours(world).length === 0) return { runs: [], isComplete: true }
        const there = runsAt(world, jobId, world.nowTick - staleness(attempt))
        return { runs: there.map((run) => shown(run, world.nowTick)), isComplete: true }
      },
    }
    runStep(world, network, {
      policy,
      job,
      sendingTicks: 0,
      maybe: () => false,
      decide: () => ({ kind: 'give_up' }),
      onCancel: () => 'at_once',
      mostAgain: 0,
      mostPosts: attempts,
    })
    // What was not asked could have been anything.
    const open = fates.length ** (attempts - made) * stale.length ** (attempts - drawn.size)
    forks.pickWeighted([[null, open]])
    const runs = ours(world).length
    if (runs > 1) doubled += weight()
    if (runs === 1) once += weight()
  })
  if (schedules !== choices ** attempts) throw new Error(`${schedules} schedules, not ${choices ** attempts}`)
  return { schedules, doubled, share: doubled / schedules, once }
}

function attemptFates({ delivery, timeout }: Bounds): Fate[] {
  const noticed = timeout + 1
  const dropped = { kind: 'sent', leavesAfter: 0, delay: Number.POSITIVE_INFINITY } as const
  const fates: Fate[] = [
    { kind: 'never_sent', learnsAfter: noticed, heard: 'lost' },
    { ...dropped, learnsAfter: timeout, heard: 'failed' },
    { ...dropped, learnsAfter: noticed, heard: 'lost' },
  ]
  for (let delay = 0; delay <= delivery; delay += 1) {
    const sent = { kind: 'sent', leavesAfter: 0, delay } as const
    fates.push(
      delay <= timeout
        ? { ...sent, learnsAfter: delay, heard: 'answered' }
        : { ...sent, learnsAfter: timeout, heard: 'failed' },
      { ...sent, learnsAfter: timeout, heard: 'failed' },
      { ...sent, learnsAfter: noticed, heard: 'lost' },
      { ...sent, learnsAfter: noticed, heard: 'lost' },
    )
  }
  return fates
}
