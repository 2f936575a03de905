/** Text with `${{ … }}` in it, taken apart. Offsets are UTF-16 code units of the text. */
export type TemplatePart =
  | { kind: 'literal'; text: string; start: number; end: number }
  /** `source` is the CEL between the marks without surrounding white space; it begins at `sourceStart`. */
  | { kind: 'expression'; source: string; sourceStart: number; start: number; end: number }

export interface Template {
  parts: TemplatePart[]
  /** The first `${{` that never ends, or holds nothing. */
  error?: { code: 'expression_unclosed' | 'expression_empty'; message: string; fix: string; offset: number }
}

const opening = '${{'

/** True when a text holds the beginning of an expression. */
export function hasExpression(text: string): boolean {
  return text.includes(opening)
}

/** From the first character after an opening quote (of one or three) to the one after the closing quote. */
function skipString(text: string, start: number, quote: string): number {
  const triple = text.startsWith(quote.repeat(3), start)
  const closing = triple ? quote.repeat(3) : quote
  let at = start + closing.length
  while (at < text.length) {
    if (text[at] === '\\') at += 2
    else if (text.startsWith(closing, at)) return at + closing.length
    else at += 1
  }
  return text.length
}

function skipComment(text: string, start: number): number {
  let at = start
  while (at < text.length && text[at] !== '\n' && !text.startsWith('}}', at)) at += 1
  return at
}

/** Where the `}}` begins that ends an expression: one in a string or closing a map does not. */
function findEnd(text: string, start: number): number | undefined {
  let depth = 0
  let at = start
  while (at < text.length) {
    const character = text[at] as string
    if (character === '"' || character === "'") at = skipString(text, at, character)
    else if (text.startsWith('//', at)) at = skipComment(text, at)
    else if (depth === 0 && text.startsWith('}}', at)) return at
    else {
      if (character === '{') depth += 1
      if (character === '}' && depth > 0) depth -= 1
      at += 1
    }
  }
  return undefined
}

/**
 * Splits a text into what is literal and what is CEL. The parts cover the text without gaps up to the error, if any.
 * To write the three characters `${{` themselves: `${{ '${{' }}`.
 */
export function parseTemplate(text: string): Template {
  const parts: TemplatePart[] = []
  let at = 0
  while (at < text.length) {
    const start = text.indexOf(opening, at)
    const literalEnd = start === -1 ? text.length : start
    if (literalEnd > at)
      parts.push({ kind: 'literal', text: text.slice(at, literalEnd), start: at, end: literalEnd })
    if (start === -1) break
    const end = findEnd(text, start + opening.length)
    if (end === undefined) {
      const message = `an expression begins with \`${opening}\` and never ends`
      return {
        parts,
        error: {
          code: 'expression_unclosed',
          message,
          fix: 'close it with `}}`; check its quotes and brackets',
          offset: start,
        },
      }
    }
    const raw = text.slice(start + opening.length, end)
    const source = raw.trim()
    if (source === '') {
      return {
        parts,
        error: {
          code: 'expression_empty',
          message: 'an expression is empty',
          fix: `write CEL between \`${opening}\` and \`}}\``,
          offset: start,
        },
      }
    }
    const sourceStart = start + opening.length + raw.indexOf(source)
    parts.push({ kind: 'expression', source, sourceStart, start, end: end + 2 })
    at = end + 2
  }
  return { parts }
}
