const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * `90s`, `30m`, `1h30m` in milliseconds.
 * @throws RangeError naming the text, for anything else
 */
export function durationMs(text: string): number {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text)) throw new RangeError(`${JSON.stringify(text)} is not a duration; expected something like 30m or 1h30m`)
  let total = 0
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) total += Number(amount) * unitMs[unit as keyof typeof unitMs]
  return total
}
