/** Time and chance, as the poller knows them. */
export interface Clock {
  /** In milliseconds, never going back. */
  now(): number
  /** Does the work later, without keeping the process alive for it. @returns what calls it off */
  after(ms: number, work: () => void): () => void
  /** CPU that this thread has used. */
  cpuMs(): number
  /** Between 0 and 1. */
  random(): number
}

/** The longest that a timer can be set to. */
const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, Math.min(Math.ceil(ms), longestTimerMs))
    timer.unref()
    return () => clearTimeout(timer)
  },
  cpuMs() {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  },
  random: Math.random,
}
