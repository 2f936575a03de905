/** When a watcher looks at its run: pure. */

export interface Outlook {
  /** Looks in a row that followed no news of the history. */
  quietLooks: number
  /** The history is not listened to: all places are taken, or it cannot be read. */
  isBlind: boolean
  /** The last query had no answer: nothing tells when a worker is back. */
  isUnanswered: boolean
}

/** At least between two looks: where much happens, it comes in groups. */
export const busyMs = 250
/** What no event tells shows soon after one, if it does: activities that fail, a worker that is gone. */
const quietMs = [1_000, 2_000, 5_000, 12_000]
const longestQuietMs = 20_000
const blindMs = 3_000
const unansweredMs = 5_000

/** How long after a look the next one comes, unless there is news. */
export function untilNextLookMs({ quietLooks, isBlind, isUnanswered }: Outlook): number {
  const ms = quietMs[quietLooks] ?? longestQuietMs
  return Math.min(ms, isBlind ? blindMs : ms, isUnanswered ? unansweredMs : ms)
}

/** Whether a look without news also asks whether a worker answers: every twenty seconds or so. */
export function asksWorker({ quietLooks, isBlind, isUnanswered }: Outlook): boolean {
  if (isUnanswered) return true
  // What a blind one misses shows in the length of the history.
  return isBlind ? quietLooks % 7 === 6 : quietLooks >= quietMs.length
}
