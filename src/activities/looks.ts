import type { Looks } from './types.ts'

/** Of kinds of runs that nothing is known of. */
const firstLookMs = 200
/** Longer ones are not worth what a look holds up. */
const longestLookMs = 250
/** Longer ones are not worth it where many are open. */
const worthInCrowdMs = 50
/** A kind whose runs are long is tried again once in so many: they may have become short. */
const tryAgainEvery = 8
/** The last ones of a kind count. */
const remembered = 4
/** Kinds beyond this forget the one that was looked at longest ago. */
const kinds = 1_000

interface Seen {
  /** Infinity: longer than its look. */
  durations: number[]
  asked: number
}

/** What of the past is worth waiting for: twice as long as the short ones took, where the last one was short or half of them were. */
function worthMs({ durations }: Seen): number {
  if (durations.length === 0) return firstLookMs
  const short = durations.filter((ms) => ms <= longestLookMs)
  const isLastShort = (durations.at(-1) ?? 0) <= longestLookMs
  if (!isLastShort && 2 * short.length < durations.length) return 0
  return Math.min(longestLookMs, Math.max(firstLookMs / 2, 2 * Math.max(...short)))
}

/** In the memory of one worker, as it is only about what costs least. */
export function createLooks(): Looks {
  const known = new Map<string, Seen>()
  function seenOf(connection: string, kind: string): Seen {
    const key = `${connection}\n${kind}`
    const seen = known.get(key) ?? { durations: [], asked: 0 }
    known.delete(key)
    known.set(key, seen)
    const [oldest] = known.keys()
    if (known.size > kinds && oldest !== undefined) known.delete(oldest)
    return seen
  }
  return {
    lookMs(connection, kind, isCrowded = false) {
      const seen = seenOf(connection, kind)
      if (isCrowded && !seen.durations.every((ms) => ms <= worthInCrowdMs)) return 0
      seen.asked += 1
      return worthMs(seen) || (seen.asked % tryAgainEvery === 0 ? firstLookMs : 0)
    },
    note(connection, kind, ms = Number.POSITIVE_INFINITY) {
      const seen = seenOf(connection, kind)
      seen.durations = [...seen.durations, ms].slice(-remembered)
    },
  }
}
