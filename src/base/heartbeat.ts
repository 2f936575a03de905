/** A cancel arrives by the answer to a heartbeat, so a second is how late a handler hears of it. */
export const heartbeatIntervalMs = 1_000

/** So many beats a second are few for Temporal: each is a request that costs it two milliseconds. */
const beatsPerSecond = 100
/** A handler that is silent for 5 s may be taken for lost; and so late may a cancel be heard of in a crowd. */
const longestIntervalMs = 3_500

/**
 * How often each of a crowd may say something, so that all of them together say little.
 * @param beside how many there are
 */
export function inCrowdMs(beside: number, perSecond: number, longestMs: number): number {
  return Math.min(longestMs, (beside * 1_000) / perSecond)
}

/**
 * How often an activity shows that it lives. The time-out comes from whoever started it, perhaps with other settings
 * than this worker's: a beat that is slower than that would make a worker that is well count as lost.
 * @param beside activities that beat on this worker: many beat more rarely each
 */
export function heartbeatEveryMs(configuredMs: number, timeoutMs: number | undefined, beside = 0): number {
  const wantedMs = Math.max(configuredMs, inCrowdMs(beside, beatsPerSecond, longestIntervalMs))
  return timeoutMs ? Math.min(wantedMs, timeoutMs / 3) : wantedMs
}
