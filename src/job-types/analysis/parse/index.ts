import type { SourceDocument } from '../engine.ts'
import { parseCsv } from './csv.ts'
import { readJson } from './json.ts'
import { parseMarkdown } from './markdown.ts'
import type { ParsedDocument, Section } from './types.ts'

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

/** What a document without headings is about: the words of its file's name. */
function fileSection(path: string): Section {
  const name = (path.split('/').at(-1) ?? '').replace(/\.[^.]*$/, '')
  return { title: name.replace(/[_-]+/g, ' '), level: 0, line: 1, parent: undefined }
}

function parseCsvDocument(path: string, text: string): Pick<ParsedDocument, 'tables'> {
  const [head, ...rest] = parseCsv(path, text)
  if (head === undefined) return { tables: [] }
  const rows = rest.map(({ line, cells }) => ({
    line,
    cells: head.cells.map((_, column) => ({ text: cells[column] ?? '', line })),
  }))
  return { tables: [{ headers: head.cells, line: head.line, rows, section: fileSection(path) }] }
}

/** @throws AnalysisError document_malformed, with path and line */
export function parseDocument({ path, text }: SourceDocument): ParsedDocument {
  const lines = text.split(/\r\n|\n|\r/)
  const empty: ParsedDocument = { path, lines, sections: [], tables: [], statements: [] }
  switch (formatOf(path)) {
    case 'markdown':
      return parseMarkdown(path, lines)
    case 'csv':
      return { ...empty, ...parseCsvDocument(path, text) }
    case 'json':
      return { ...empty, ...readJson(path, text, fileSection(path)) }
    default:
      return parseMarkdown(path, lines, true)
  }
}
