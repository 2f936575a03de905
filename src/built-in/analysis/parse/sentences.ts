import type { Section, Statement } from './types.ts'

/** A block of text as it is collected line by line. */
export interface Block {
  text: string
  lineStarts: { offset: number; line: number }[]
}

export function openBlock(text: string, line: number): Block {
  return { text, lineStarts: [{ offset: 0, line }] }
}

export function extendBlock(block: Block, text: string, line: number): void {
  block.lineStarts.push({ offset: block.text.length + 1, line })
  block.text += ` ${text}`
}

const sentenceEnd = /[.!?]["')\]]?\s+(?=["'([]?[A-Z])/g
const abbreviation = /(?:^|[\s(])(?:e\.g|i\.e|approx|max|min|nom|typ|no|nr|fig|ref|vs|cf|sec|para)$/i

/** Splits a block at the ends of its sentences; each keeps the lines that it spans. */
export function splitSentences(block: Block, section: Section | undefined): Statement[] {
  const statements: Statement[] = []
  let from = 0
  let lineIndex = 0
  const add = (to: number): void => {
    const raw = block.text.slice(from, to)
    const text = raw.trim()
    if (text !== '') {
      const start = from + raw.indexOf(text)
      while ((block.lineStarts[lineIndex + 1]?.offset ?? Number.POSITIVE_INFINITY) <= start) lineIndex += 1
      const lineStarts: Statement['lineStarts'] = []
      for (let index = lineIndex; index < block.lineStarts.length; index += 1) {
        const lineStart = block.lineStarts[index]
        if (lineStart === undefined || lineStart.offset >= to) break
        lineStarts.push({ offset: Math.max(0, lineStart.offset - start), line: lineStart.line })
      }
      statements.push({ text, line: lineStarts[0]?.line ?? 1, lineStarts, section })
    }
    from = to
  }
  for (const end of block.text.matchAll(sentenceEnd)) {
    const before = block.text.slice(Math.max(from, end.index - 10), end.index)
    if (!abbreviation.test(before)) add(end.index + end[0].length)
  }
  add(block.text.length)
  return statements
}
