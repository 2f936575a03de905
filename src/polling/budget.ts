/** Requests that may be sent: so many a second on average, and a few at once. Pure but for the clock. */
export interface Budget {
  /** Takes one: 0, or how long to wait before asking again. */
  take(nowMs: number): number
}

export function createBudget(perSecond: number): Budget {
  const most = Math.max(1, perSecond)
  let left = most
  let atMs: number | undefined
  return {
    take(nowMs) {
      left = Math.min(most, left + ((nowMs - (atMs ?? nowMs)) / 1000) * perSecond)
      atMs = nowMs
      if (left < 1) return Math.ceil(((1 - left) / perSecond) * 1000)
      left -= 1
      return 0
    },
  }
}
