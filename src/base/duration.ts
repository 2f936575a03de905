const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `500ms`, `5s`, `30m`, `2h`, `7d`. */
export type Duration = `${number}${keyof typeof unitMs}`

export const durationPattern = /^(\d{1,12})(ms|s|m|h|d)$/

/** What a timeout or a wait may be. */
export const durationRange = { minMs: 1, maxMs: 365 * unitMs.d } as const

/** Milliseconds; undefined for text that is no duration. */
export function parseDurationMs(text: string): number | undefined {
  const match = durationPattern.exec(text)
  if (!match) return undefined
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
}

/** The shortest text that is exactly so long, as users write it: `90m`, `2h`, `1500ms`. */
export function durationText(ms: number): Duration {
  for (const unit of ['d', 'h', 'm', 's'] as const)
    if (ms !== 0 && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`
  return `${ms}ms`
}
