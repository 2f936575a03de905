import type { SourceDocument } from '../engine.ts'
import { parseCsv } from './csv.ts'
import { parseJson } from './json.ts'
import { jsonTables } from './json-tables.ts'
import { parseMarkdown } from './markdown.ts'
import type { ParsedDocument } from './types.ts'

export type DocumentFormat = 'markdown' | 'text' | 'csv' | 'json'

const formats: Record<string, DocumentFormat> = {
  md: 'markdown',
  markdown: 'markdown',
  txt: 'text',
  text: 'text',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
}

/** By the extension of a path; undefined for one that the rules cannot read. */
export function formatOf(path: string): DocumentFormat | undefined {
  const extension = /\.([^./]{1,12})$/.exec(path)?.[1]?.toLowerCase()
  return extension === undefined ? undefined : formats[extension]
}

function parseCsvDocument(path: string, text: string, lines: string[]): ParsedDocument {
  const records = parseCsv(path, text).filter(({ cells }) => !cells[0]?.trimStart().startsWith('#'))
  const [head, ...rest] = records
  const empty = { path, lines, sections: [], tables: [], statements: [] }
  if (head === undefined) return empty
  const headers = head.cells.map((cell) => cell.trim())
  const rows = rest
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''))
    .map(({ line, cells }) => ({
      line,
      cells: headers.map((_, column) => ({ text: cells[column]?.trim() ?? '', line })),
    }))
  return { ...empty, tables: [{ headers, line: head.line, rows, section: undefined }] }
}

/** @throws AnalysisError document_malformed, with path and line */
export function parseDocument(document: SourceDocument): ParsedDocument {
  const { path, text } = document
  const lines = text.split(/\r\n|\n|\r/)
  const format = formatOf(path) ?? 'text'
  switch (format) {
    case 'markdown':
      return parseMarkdown(path, lines)
    case 'text':
      return parseMarkdown(path, lines, true)
    case 'csv':
      return parseCsvDocument(path, text, lines)
    case 'json': {
      if (text.trim() === '') return { path, lines, sections: [], tables: [], statements: [] }
      return { path, lines, statements: [], ...jsonTables(parseJson(path, text)) }
    }
    default: {
      const unknown: never = format
      return unknown
    }
  }
}
