import { durationPattern } from './definition.ts'

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export const durationRange = { minMs: 1, maxMs: 365 * 86_400_000 } as const

/** `500ms`, `5s`, `30m`, `2h` or `7d` in milliseconds; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text)
  return match ? Number(match[1]) * (unitMs[match[2] as string] as number) : undefined
}
