const shortestMs = 30_000
const longestMs = 10 * 60_000
const msPerWait = 80

/**
 * How long an attempt of a wait may stay open before another one looks, where so many wait: half a minute up to 375 waits, ten
 * minutes from 7,500 on. Each attempt costs Temporal some milliseconds; that a worker is gone is mostly noticed otherwise.
 */
export function leaseMs(waits: number): number {
  return Math.min(Math.max(waits * msPerWait, shortestMs), longestMs)
}
