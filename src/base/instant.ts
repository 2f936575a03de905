/** A timestamp of a Jobs API in milliseconds since the epoch; one that bears no zone is UTC. NaN when it is none. */
export function instantMs(timestamp: string): number {
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(timestamp) ? timestamp : `${timestamp}Z`)
}
