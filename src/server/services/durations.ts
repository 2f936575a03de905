const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * `500ms`, `5s`, `30m`, `2h`, `1.5d` in milliseconds, rounded.
 * @throws RangeError naming the text, for anything else
 */
export function durationMs(text: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text)
  if (!match) throw new RangeError(`${JSON.stringify(text)} is not a duration; expected something like 30m`)
  return Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs])
}
