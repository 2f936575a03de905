/** A cancel arrives by the answer to a heartbeat, so a second is how late a handler hears of it. */
export const heartbeatIntervalMs = 1_000

/**
 * How often an activity shows that it lives. The time-out comes from whoever started it, perhaps with other settings
 * than this worker's: a beat that is slower than that would make a worker that is well count as lost.
 */
export function heartbeatEveryMs(configuredMs: number, timeoutMs: number | undefined): number {
  return timeoutMs ? Math.min(configuredMs, timeoutMs / 3) : configuredMs
}
