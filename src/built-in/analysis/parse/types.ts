/** What every format becomes: sections, tables and statements, each with its lines, counted from 1. */

export interface Section {
  title: string
  /** 1 for the outermost. */
  level: number
  line: number
  parent: Section | undefined
}

export interface Cell {
  text: string
  line: number
}

export interface TableRow {
  line: number
  /** As many as the table has headers. */
  cells: Cell[]
}

export interface Table {
  headers: string[]
  line: number
  rows: TableRow[]
  section: Section | undefined
}

/** A sentence of a paragraph, a list item or a heading, without markup. */
export interface Statement {
  text: string
  line: number
  /** Where each source line begins in `text`: ascending offsets. */
  lineStarts: { offset: number; line: number }[]
  section: Section | undefined
}

export interface ParsedDocument {
  path: string
  /** Raw lines; line n is `lines[n - 1]`. */
  lines: string[]
  sections: Section[]
  tables: Table[]
  statements: Statement[]
}

export function lineAt(statement: Statement, offset: number): number {
  let line = statement.line
  for (const start of statement.lineStarts) {
    if (start.offset > offset) break
    line = start.line
  }
  return line
}
