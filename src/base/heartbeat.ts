/** A cancel arrives by the answer to a heartbeat, so a second is how late a handler hears of it. */
export const heartbeatIntervalMs = 1_000

/** So many beats a second are few for Temporal; each is a request. */
const beatsPerSecond = 200
/** Of a cancel in a crowd: how late it may be heard of. */
const longestIntervalMs = 2_000

/**
 * How often an activity shows that it lives. The time-out comes from whoever started it, perhaps with other settings
 * than this worker's: a beat that is slower than that would make a worker that is well count as lost.
 * @param beside activities that beat on this worker: many beat more rarely each
 */
export function heartbeatEveryMs(configuredMs: number, timeoutMs: number | undefined, beside = 0): number {
  const inCrowdMs = Math.min(longestIntervalMs, (beside * 1_000) / beatsPerSecond)
  const wantedMs = Math.max(configuredMs, inCrowdMs)
  return timeoutMs ? Math.min(wantedMs, timeoutMs / 3) : wantedMs
}
