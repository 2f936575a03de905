/** How often a run is looked at, in milliseconds. Pure. */

/** Of a run's age: so late its end is found. */
const shareOfAge = 0.08
/** However old it is. */
export const longestIntervalMs = 30_000
const shortestIntervalMs = 250
/** A round is a list of what is active, one of what ended, and a little room for others. */
const requestsBeyondPages = 1.5

/** The shortest time between two looks that the budget bears. @param pages of a list of what is active */
export function minimumMs(requestsPerSecond: number, pages = 1): number {
  return Math.max(shortestIntervalMs, ((pages + requestsBeyondPages) / requestsPerSecond) * 1000)
}

/** Soon, since runs may be short; yet several that are added together share it. */
export function firstLookMs(minimum: number): number {
  return Math.min(shortestIntervalMs, minimum)
}

/** The time to the next look at a run that has been waited for so long; stretched with its age. */
export function intervalMs(ageMs: number, minimum: number): number {
  return Math.max(minimum, Math.min(longestIntervalMs, ageMs * shareOfAge))
}

/** Doubled with each failure in a row. */
export function backoffMs(failures: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, failures - 1))
}
