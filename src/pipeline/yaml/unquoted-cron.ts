import { JobwrightError } from '../../base/errors.ts'
import { parseCron } from '../../schedule/times/index.ts'
import type { Problem } from '../nodes/findings.ts'
import type { Repair } from '../nodes/unquoted.ts'

/** A cron that begins with what YAML has another meaning for, up to a comment, or in brackets up to what follows. */
const pattern = /(?:^|[\s{,-])cron:[ \t]+([*@](?:(?![ \t]#|,[ \t]|[}\]]).)*)/

/** Longer lines are not looked into. */
const maxLine = 2000

/** Of a cron without quotes in the line of `offset`: what to say, and the text with filler in its place. */
export function unquotedCron(text: string, offset: number): { problem: Problem; repair: Repair } | undefined {
  const lineStart = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const lineEnd = text.indexOf('\n', offset)
  const line = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd)
  const found = line.length > maxLine ? null : pattern.exec(line)
  const cron = found?.[1]?.trimEnd()
  if (!found || cron === undefined) return undefined
  const start = lineStart + found.index + found[0].length - (found[1]?.length ?? 0)
  const end = start + cron.length
  const filler = cron.replaceAll(/\S/g, 'x')
  const message = 'YAML cannot read this cron without quotes'
  return {
    problem: { code: 'unquoted_cron', offset: start, message, fix: fixOf(cron) },
    repair: { text: text.slice(0, start) + filler + text.slice(end), start, end },
  }
}

function fixOf(cron: string): string {
  try {
    parseCron(cron)
    return `write cron: '${cron}'`
  } catch (error) {
    if (!(error instanceof JobwrightError)) throw error
    return `${error.message}: ${error.fix}, in quotes`
  }
}
