import { type Block, extendBlock, openBlock, splitSentences } from './sentences.ts'
import type { ParsedDocument, Section, Table, TableRow } from './types.ts'

const fence = /^ {0,3}(`{3,}|~{3,})/
const atxHeading = /^ {0,3}(#{1,6})[ \t]+(.*)$/
const underline = /^ {0,3}(=+|-+)[ \t]*$/
const listItem = /^\s*(?:[-*+•]|\d{1,4}[.)])\s+(.*)$/
const keyValue = /^[A-Z][A-Za-z0-9 /_()-]{0,40}:\s+\S/
const numberedHeading = /^(\d{1,3}(?:\.\d{1,3}){0,5})\.?\s+([A-Z][^.:;|]{1,80})$/
const capitalHeading = /^[A-Z][A-Z0-9 &/()-]{3,60}$/

/** Text without emphasis, code marks and link targets. Underscores stay: they are part of names. */
export function stripInline(text: string): string {
  return text
    .replace(/!?\[([^\][]{0,300})\]\([^()\s]{0,500}\)/g, '$1')
    .replace(/\*\*|`+|~~/g, '')
    .replace(/(^|[\s(])\*(?=\S)|(\S)\*(?=$|[\s).,;:])/g, '$1$2')
    .replace(/\\([\\`*_{}[\]()#+.!|<>-])/g, '$1')
    .replace(/&nbsp;/g, ' ')
    .trim()
}

/** The cells of a pipe table's line; `\|` does not separate. */
export function splitPipes(line: string): string[] {
  const cells: string[] = []
  let cell = ''
  for (let index = 0; index < line.length; index += 1) {
    if (line[index] === '\\' && line[index + 1] === '|') {
      cell += '|'
      index += 1
    } else if (line[index] === '|') {
      cells.push(cell)
      cell = ''
    } else cell += line[index]
  }
  cells.push(cell)
  if (cells[0]?.trim() === '') cells.shift()
  if (cells.at(-1)?.trim() === '') cells.pop()
  return cells.map(stripInline)
}

function isDelimiterRow(line: string | undefined): boolean {
  if (line === undefined || !line.includes('-') || line.length > 10_000) return false
  const cells = splitPipes(line.trim())
  return cells.length > 0 && cells.every((cell) => /^:?-{1,}:?$/.test(cell))
}

interface Reader {
  document: ParsedDocument
  section: Section | undefined
  block: Block | undefined
}

function endBlock(reader: Reader): void {
  if (reader.block !== undefined)
    for (const one of splitSentences(reader.block, reader.section)) reader.document.statements.push(one)
  reader.block = undefined
}

function openSection(reader: Reader, title: string, level: number, line: number): void {
  endBlock(reader)
  let parent = reader.section
  while (parent !== undefined && parent.level >= level) parent = parent.parent
  reader.section = { title: stripInline(title.replace(/[ \t]#+[ \t]*$/, '')), level, line, parent }
  reader.document.sections.push(reader.section)
}

function readTable(reader: Reader, at: number): number {
  endBlock(reader)
  const { lines } = reader.document
  const headers = splitPipes((lines[at] ?? '').trim())
  const rows: TableRow[] = []
  let index = at + 2
  for (; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (line.trim() === '' || !line.includes('|')) break
    const cells = splitPipes(line.trim())
    rows.push({
      line: index + 1,
      cells: headers.map((_, column) => ({ text: cells[column] ?? '', line: index + 1 })),
    })
  }
  const table: Table = { headers, line: at + 1, rows, section: reader.section }
  reader.document.tables.push(table)
  return index
}

/** The line after a fenced block, an HTML comment or front matter that begins here; the same line when none does. */
function skipOpaque(lines: readonly string[], at: number): number {
  const line = lines[at] ?? ''
  const opening = fence.exec(line)?.[1]
  if (opening !== undefined) {
    for (let index = at + 1; index < lines.length; index += 1)
      if (lines[index]?.trim().startsWith(opening)) return index + 1
    return lines.length
  }
  if (line.trimStart().startsWith('<!--')) {
    for (let index = at; index < lines.length; index += 1) if (lines[index]?.includes('-->')) return index + 1
    return lines.length
  }
  if (at === 0 && line.trim() === '---') {
    const close = lines.slice(1, 100).findIndex((text) => text.trim() === '---')
    if (close !== -1) return close + 2
  }
  return at
}

function headingAt(
  lines: readonly string[],
  at: number,
  plain: boolean,
): { title: string; level: number; lines: number } | undefined {
  const line = lines[at] ?? ''
  const next = lines[at + 1] ?? ''
  const isText = line.trim() !== '' && line.length < 200 && !line.includes('|')
  const atx = atxHeading.exec(line)
  if (atx !== null && !plain) return { title: atx[2] ?? '', level: atx[1]?.length ?? 1, lines: 1 }
  const below = isText ? underline.exec(next)?.[1] : undefined
  const alone = (lines[at - 1] ?? '').trim() === ''
  if (below !== undefined && alone && below.length >= 2 && !listItem.test(line))
    return { title: line, level: below.startsWith('=') ? 1 : 2, lines: 2 }
  if (!plain || !isText || !alone) return undefined
  const numbered = numberedHeading.exec(line.trim())
  if (numbered !== null && next.trim() === '')
    return { title: numbered[2] ?? '', level: (numbered[1]?.split('.').length ?? 1) + 1, lines: 1 }
  if (capitalHeading.test(line.trim()) && next.trim() === '')
    return { title: line.trim(), level: 2, lines: 1 }
  return undefined
}

function readTextLine(reader: Reader, line: string, number: number): void {
  const text = line.replace(/^(?:\s*>)+\s?/, '')
  const item = listItem.exec(text)
  const content = stripInline(item?.[1] ?? text)
  if (content === '' || /^[-*_ ]{3,}$/.test(content)) endBlock(reader)
  else if (reader.block === undefined || item !== null || keyValue.test(content)) {
    endBlock(reader)
    reader.block = openBlock(content, number)
  } else extendBlock(reader.block, content, number)
}

/**
 * Sections, pipe tables and sentences of a Markdown document, or of plain text (`plain`: headings are numbered, in
 * capitals or underlined). Code, comments and front matter are left out.
 */
export function parseMarkdown(path: string, lines: string[], plain = false): ParsedDocument {
  const reader: Reader = {
    document: { path, lines, sections: [], tables: [], statements: [] },
    section: undefined,
    block: undefined,
  }
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? ''
    const after = plain ? at : skipOpaque(lines, at)
    if (after > at) {
      endBlock(reader)
      at = after
      continue
    }
    const heading = headingAt(lines, at, plain)
    if (heading !== undefined) {
      openSection(reader, heading.title, heading.level, at + 1)
      at += heading.lines
    } else if (line.includes('|') && isDelimiterRow(lines[at + 1])) at = readTable(reader, at)
    else {
      readTextLine(reader, line, at + 1)
      at += 1
    }
  }
  endBlock(reader)
  return reader.document
}
