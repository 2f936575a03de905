/** When a process of the stack that died is started again. Pure. */

export interface RestartPolicy {
  /** A life shorter than this counts against the process. */
  quickDeathMs: number
  /** The delay before the second restart; it doubles from there. The first comes at once. */
  firstDelayMs: number
  maxDelayMs: number
  /** So many quick deaths in a row are enough. */
  maxQuickDeaths: number
}

export const defaultRestartPolicy: RestartPolicy = {
  quickDeathMs: 10_000,
  firstDelayMs: 250,
  maxDelayMs: 5_000,
  maxQuickDeaths: 8,
}

export type RestartDecision = { action: 'restart'; delayMs: number } | { action: 'give_up' }

/**
 * What to do after a death. A life that lasted wipes the slate clean.
 * @param livesMs how long each life lasted, oldest first
 */
export function decideRestart(livesMs: readonly number[], policy: RestartPolicy): RestartDecision {
  const lastLong = livesMs.findLastIndex((life) => life >= policy.quickDeathMs)
  const quickDeaths = livesMs.length - 1 - lastLong
  if (quickDeaths >= policy.maxQuickDeaths) return { action: 'give_up' }
  if (quickDeaths <= 1) return { action: 'restart', delayMs: 0 }
  return {
    action: 'restart',
    delayMs: Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (quickDeaths - 2)),
  }
}
