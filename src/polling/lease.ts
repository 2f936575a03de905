const shortestMs = 30_000
const longestMs = 10 * 60_000
/** What one wait adds: as many as come back in that time can be taken up again by another worker without a storm. */
const msPerWait = 80

/**
 * How long an attempt of a wait may stay open before another one looks: the longer, the more of them there are, so that renewing
 * them costs the same at any load. 30 s up to 375 waits, 80 ms a wait beyond, 10 minutes at most.
 * @param size waits on the connection in this process
 */
export function leaseMs(size: number): number {
  return Math.min(longestMs, Math.max(shortestMs, size * msPerWait))
}
