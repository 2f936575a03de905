import { parseTemplate } from './template.ts'

/** Expressions that YAML cannot read because they stand without quotes. */

export const quoteFix = `put the whole value in quotes: '\${{ … }}' (YAML ends a plain value at ": ", " #" and, between brackets, at ",", "]" and "}")`

/** Longer lines are not looked into, nor longer expressions: nobody wrote them by hand. */
const maxLength = 2000

function lineAround(text: string, offset: number): { line: string; start: number } {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = text.indexOf('\n', offset)
  return { line: text.slice(start, end === -1 ? text.length : end), start }
}

const quoted = /'[^']*'|"(?:[^"\\]|\\.)*"/g

/** A line up to some place with nothing in its quotes, and whether one of them is still open. */
function withoutQuotes(before: string): { plain: string; isOpen: boolean } {
  const plain = before.replaceAll(quoted, (text) => ' '.repeat(text.length))
  return { plain, isOpen: /(^|[\s[{,:(])['"]/.test(plain) }
}

/** Where an expression without quotes begins in the line of `offset`, if there is one. */
export function unquotedExpression(text: string, offset: number): number | undefined {
  const { line, start } = lineAround(text, offset)
  if (line.length > maxLength) return undefined
  for (const match of line.matchAll(/\$\{\{/g)) {
    if (!withoutQuotes(line.slice(0, match.index)).isOpen) return start + match.index
  }
  return undefined
}

/** A part of a text that was replaced, and where the value that it belongs to begins. */
export interface Repair {
  text: string
  start: number
  end: number
}

/**
 * The text with filler at the same offsets in place of the expression that begins at `offset`, and of what belongs
 * to its value after it; undefined when the expression has no end nearby.
 */
export function repairExpression(text: string, offset: number): Repair | undefined {
  const { line, start: lineStart } = lineAround(text, offset)
  const { plain } = withoutQuotes(line.slice(0, offset - lineStart))
  const isFlow = depthOf(plain) > 0
  const end = endOfValue(text, offset, isFlow)
  if (end === undefined) return undefined
  const filler = text.slice(offset, end).replaceAll(/\S/g, 'x')
  const valueStart =
    lineStart + plain.length - (/(?:[^[{,:\s-]|[:-](?=\S)|\s(?=[^[{,:]*$))*$/.exec(plain)?.[0].length ?? 0)
  return { text: text.slice(0, offset) + filler + text.slice(end), start: Math.min(valueStart, offset), end }
}

function depthOf(plain: string): number {
  return [...plain].reduce((depth, character) => {
    if (character === '[' || character === '{') return depth + 1
    return character === ']' || character === '}' ? Math.max(0, depth - 1) : depth
  }, 0)
}

/** The offset after a value that begins with an expression: between brackets the next bracket or comma ends it, else the line. */
function endOfValue(text: string, offset: number, isFlow: boolean): number | undefined {
  const { parts } = parseTemplate(text.slice(offset, offset + maxLength))
  let end = 0
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'expression') {
      if (index > 0 && text.slice(offset + end, offset + part.start).includes('\n')) break
      end = part.end
      continue
    }
    if (index === 0) return undefined
    const lineEnd = part.text.search(/\n|$/)
    const bracket = part.text.search(/[,\]}]/)
    // In a flow that began in a line before, a comma or bracket follows the expression at once.
    const inFlow = isFlow || /^[ \t]*[,\]}]/.test(part.text)
    const stop = inFlow && bracket !== -1 && bracket < lineEnd ? bracket : lineEnd
    if (stop < part.text.length || index === parts.length - 1) {
      end = part.start + part.text.slice(0, stop).trimEnd().length
      break
    }
  }
  return end === 0 ? undefined : offset + end
}
