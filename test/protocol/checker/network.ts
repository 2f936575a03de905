import type { SeenRun } from '../../../src/protocol/index.ts'
import type { Forks } from './schedules.ts'
import { runsAt, shown, type World } from './world.ts'

/** What becomes of the requests of one step: whatever is not certain is asked of `Forks`. */

export type Fate =
  /** Refused connection, or a 429. */
  | { kind: 'not_sent'; retryAfterTicks: number }
  /** A 4xx; a 404 of a job that was just made. */
  | { kind: 'refused'; isMissing: boolean }
  | {
      kind: 'sent'
      /** From the activity's look to the first byte of the POST. */
      leavesAfter: number
      /** Until the run is there; `Infinity`: dropped. */
      delay: number
      /** Until the workflow hears something, from the activity's look. */
      learnsAfter: number
      /**
       * answered · failed: the activity says that it does not know · lost: the worker is, and whether it has sent is open · renewed: the
       * workflow goes on as new meanwhile
       */
      heard: 'answered' | 'failed' | 'lost' | 'renewed'
    }
  /** The worker is lost before it has sent anything. */
  | { kind: 'never_sent'; learnsAfter: number; heard: 'lost' | 'renewed' }

export interface Seen {
  runs: SeenRun[]
  isComplete: boolean
}

export interface Network {
  fate(attempt: number): Fate
  list(world: World, jobId: string, attempt: number): Seen
}

/** The bounds that the server and the network truly keep to, in ticks. */
export interface Bounds {
  delivery: number
  listing: number
  /** τ: the client's patience. */
  timeout: number
}

const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, tick) => tick)

export interface NetworkOptions {
  bounds: Bounds
  /** From the activity's start, its process may send for so long, lost or not. */
  sendingTicks: number
  /** Until a lost worker is noticed. */
  heartbeatTicks: number
  /** Refusals that cost nothing: they would go on for ever. */
  mostNotSent: number
  isShared: boolean
  /** Lists that show less than they say. */
  shortLists: boolean
}

/** Every fate of a POST within the options, one by one. */
export function fatesOf(options: NetworkOptions): Fate[] {
  const { bounds, sendingTicks, heartbeatTicks } = options
  const fates: Fate[] = [
    { kind: 'refused', isMissing: false },
    ...(['lost', 'renewed'] as const).map(
      (heard): Fate => ({ kind: 'never_sent', learnsAfter: heartbeatTicks, heard }),
    ),
  ]
  const none = Number.POSITIVE_INFINITY
  for (const delay of [...upTo(bounds.delivery), none]) {
    const sent = { kind: 'sent', leavesAfter: 0, delay } as const
    if (delay <= bounds.timeout) fates.push({ ...sent, learnsAfter: delay, heard: 'answered' })
    // A gateway gives up at once, the client does after its time, and a worker is lost in between.
    fates.push({ ...sent, learnsAfter: 0, heard: 'failed' })
    fates.push({ ...sent, learnsAfter: bounds.timeout, heard: 'failed' })
    fates.push({ ...sent, learnsAfter: heartbeatTicks, heard: 'renewed' })
    for (const leavesAfter of [0, sendingTicks])
      fates.push({ ...sent, leavesAfter, learnsAfter: heartbeatTicks, heard: 'lost' })
  }
  return fates
}

export function createNetwork(forks: Forks, options: NetworkOptions, fates: readonly Fate[]): Network {
  let notSent = 0
  const harmless: Fate[] = [
    { kind: 'not_sent', retryAfterTicks: 0 },
    { kind: 'not_sent', retryAfterTicks: 3 },
    ...(options.isShared ? [] : [{ kind: 'refused', isMissing: true } as const]),
  ]
  return {
    fate() {
      const fate = forks.pick(notSent < options.mostNotSent ? [...fates, ...harmless] : fates)
      if (harmless.includes(fate)) notSent += 1
      return fate
    },
    list: (world, jobId) => forks.pickWeighted(viewsOf(world, jobId, options)),
  }
}

/** All that a list may show now: as old as it may be, short, newest first or last. What looks alike stands for each other. */
function viewsOf(
  world: World,
  jobId: string,
  { bounds, shortLists }: NetworkOptions,
): (readonly [Seen, number])[] {
  const views: [Seen, number][] = []
  let last = -1
  let alike: [Seen, number][] = []
  for (const stale of upTo(bounds.listing)) {
    const there = runsAt(world, jobId, world.nowTick - stale)
    if (there.length === last) {
      for (const view of alike) view[1] += 1
      continue
    }
    last = there.length
    const runs = there.map((run) => shown(run, world.nowTick))
    alike = [[{ runs, isComplete: true }, 1]]
    if (runs.length > 1) alike.push([{ runs: runs.toReversed(), isComplete: true }, 1])
    if (shortLists && runs.length > 0) alike.push([{ runs: runs.slice(1), isComplete: false }, 1])
    views.push(...alike)
  }
  return views
}
