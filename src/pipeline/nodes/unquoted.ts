import { parseTemplate } from './template.ts'

/** Expressions that YAML cannot read because they stand without quotes. */

export const quoteFix = `put the whole value in quotes: '\${{ … }}' (YAML ends a plain value at ": ", " #" and, between brackets, at ",", "]" and "}")`

/** Longer lines are not looked into: nobody wrote them by hand. */
const maxLine = 2000

function lineAround(text: string, offset: number): { line: string; start: number } {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = text.indexOf('\n', offset)
  return { line: text.slice(start, end === -1 ? text.length : end), start }
}

/** True when a line up to some place has a quote that is still open. */
function isInQuotes(before: string): boolean {
  return /['"]/.test(before.replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"/g, ''))
}

/** Where an expression without quotes begins in the line of `offset`, if there is one. */
export function unquotedExpression(text: string, offset: number): number | undefined {
  const { line, start } = lineAround(text, offset)
  if (line.length > maxLine) return undefined
  for (const match of line.matchAll(/(?<=^|[\s[{,:])\$\{\{/g)) {
    if (!isInQuotes(line.slice(0, match.index))) return start + match.index
  }
  return undefined
}

/**
 * The text with quoted filler in place of every expression of that line, at the same offsets; undefined when one of
 * them does not end in its line.
 */
export function repairExpression(text: string, offset: number): string | undefined {
  const { line, start } = lineAround(text, offset)
  const from = offset - start
  const template = parseTemplate(line.slice(from))
  if (template.error) return undefined
  let repaired = line.slice(0, from)
  for (const part of template.parts) {
    const length = part.end - part.start
    repaired += part.kind === 'literal' ? part.text : `'${'x'.repeat(length - 2)}'`
  }
  return text.slice(0, start) + repaired + text.slice(start + line.length)
}
