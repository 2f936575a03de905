/** When a process of the stack that died is started again. Pure. */

/** A life shorter than this counts against the process. */
export const quickDeathMs = 10_000
const maxDelayMs = 5_000
const firstDelayMs = 250
const maxQuickDeaths = 8

export type RestartDecision = { action: 'restart'; delayMs: number } | { action: 'give_up' }

/**
 * At once the first time, then after 0.25 s, doubling up to 5 s; no more after eight quick deaths in a row.
 * A life of ten seconds wipes the slate clean.
 * @param livesMs how long each life lasted, oldest first
 */
export function decideRestart(livesMs: readonly number[]): RestartDecision {
  const lastLong = livesMs.findLastIndex((life) => life >= quickDeathMs)
  const quickDeaths = livesMs.length - 1 - lastLong
  if (quickDeaths >= maxQuickDeaths) return { action: 'give_up' }
  if (quickDeaths <= 1) return { action: 'restart', delayMs: 0 }
  return { action: 'restart', delayMs: Math.min(maxDelayMs, firstDelayMs * 2 ** (quickDeaths - 2)) }
}
