import { documentMediaType } from '../../../contract/index.ts'
import type { SourceDocument } from '../engine.ts'
import { parseCsv } from './csv.ts'
import { readJson } from './json.ts'
import { parseMarkdown } from './markdown.ts'
import type { ParsedDocument, Section } from './types.ts'

/** @throws JobwrightError `document_malformed`, with path and line */
export function parseDocument({ path, text }: SourceDocument): ParsedDocument {
  const lines = text.split(/\r\n|\n|\r/)
  const empty: ParsedDocument = { path, lines, sections: [], tables: [], statements: [] }
  switch (documentMediaType(path)) {
    case 'text/markdown':
      return parseMarkdown(path, lines)
    case 'text/csv':
    case 'text/tab-separated-values':
      return { ...empty, ...parseCsvDocument(path, text) }
    case 'application/json':
      return { ...empty, ...readJson(path, text, fileSection(path)) }
    case 'text/plain':
    case undefined:
      return parseMarkdown(path, lines, true)
  }
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
