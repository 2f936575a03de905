import { idsIn, isName, isTotal, slugOf } from '../language/names.ts'
import type { ParsedDocument, Section, Table, TableRow } from '../parse/types.ts'
import { type Column, classifyColumn, kindOfPhrase } from './columns.ts'
import { isAside, isTestReport } from './sections.ts'

/** A table with what its columns hold, and what its rows are. */
export interface ReadTable {
  document: ParsedDocument
  table: Table
  columns: Column[]
  shape: 'requirements' | 'coverage' | 'tests' | 'pins' | 'parameters' | 'entities' | 'other'
  /** The column that names what a row is about; -1 when none does. */
  primary: number
}

export const obligation = /\b(?:shall|must)\b/i

export function columnOf({ columns }: { columns: readonly Column[] }, ...roles: Column['role'][]): number {
  for (const role of roles) {
    const at = columns.findIndex((column) => column.role === role)
    if (at >= 0) return at
  }
  return -1
}

export function textAt(row: TableRow, column: number): string {
  return row.cells[column]?.text.trim() ?? ''
}

const outcome = /^(?:result|verdict|status|outcome)/i

/** Lines such as `Result: pass` under one heading are a table of their own: a test, or parameters. */
function recordTables(document: ParsedDocument): Table[] {
  const fields = document.statements.flatMap(({ text, line, section }) => {
    const [, key, value] = /^([A-Z][\w ()/-]{1,40}):\s+(\S.*)$/.exec(text.slice(0, 400)) ?? []
    return key === undefined || value === undefined || section === undefined
      ? []
      : [{ key, value, line, section }]
  })
  return [...Map.groupBy(fields, ({ section }) => section)].map(([section, list]): Table => {
    const cells = list.map(({ value: text, line }) => ({ text, line }))
    const { title: text, line } = section
    const result = list.find(({ key }) => outcome.test(key)) ?? list.find(({ key }) => /^measured/i.test(key))
    if (result === undefined) {
      const rows = list.map(({ key, line: at }, index) => ({
        line: at,
        cells: [{ text: key, line: at }, ...cells.slice(index, index + 1)],
      }))
      return { headers: ['parameter', 'value'], line, section, rows }
    }
    const headers = ['test', ...list.map(({ key }) => key)]
    return { headers, line, section, rows: [{ line: result.line, cells: [{ text, line }, ...cells] }] }
  })
}

function share(table: Table, column: number, test: (text: string) => boolean): number {
  return table.rows.filter((row) => test(textAt(row, column))).length / Math.max(1, table.rows.length)
}

/** Of the columns that name things, the one whose cells differ most; of equals the first, and ids last. */
function primaryColumn(table: Table, columns: readonly Column[], named: boolean): number {
  const distinct = (column: number): number =>
    new Set(
      table.rows
        .map((row) => textAt(row, column))
        .filter((text) => isName(text) && !isTotal(text))
        .map(slugOf),
    ).size
  let best = -1
  for (const [index, column] of columns.entries())
    if (column.role === 'entity' && (best < 0 || distinct(index) > distinct(best))) best = index
  const [name, id] = [columnOf({ columns }, 'name'), columnOf({ columns }, 'id')]
  const own = name >= 0 && (id < 0 || distinct(name) >= distinct(id)) ? name : id
  const tells = named && own >= 0 && (best < 0 || distinct(own) > distinct(best))
  return tells ? own : best
}

function shapeOf(read: Omit<ReadTable, 'shape'>): ReadTable['shape'] {
  const { document, table, columns, primary } = read
  const has = (...roles: Column['role'][]): boolean => columnOf({ columns }, ...roles) >= 0
  const texts = columns.flatMap((column, index) =>
    ['text', 'other', 'name'].includes(column.role) ? [index] : [],
  )
  const obliges = texts.some((index) => share(table, index, (text) => obligation.test(text)) > 0.5)
  const ids = columnOf({ columns }, 'requirement', 'id')
  const identified = ids >= 0 && share(table, ids, (text) => idsIn(text).length > 0) > 0.5
  if (identified && obliges) return 'requirements'
  if (has('verdict', 'measured') && (has('test', 'requirement') || isTestReport(document) || identified))
    return 'tests'
  if (identified && has('requirement') && has('method', 'test'))
    return has('text', 'name') && !has('test') ? 'requirements' : 'coverage'
  if (identified && (has('requirement') || /\brequirements?\b/i.test(table.section?.title ?? '')))
    return has('text', 'name') ? 'requirements' : 'coverage'
  if (isTestReport(document)) return 'other'
  const signals = columns.some((column) => column.role === 'entity' && column.kind === 'SIGNAL')
  if (has('pin') && (signals || has('text', 'name'))) return 'pins'
  if (has('parameter') && has('value', 'limit', 'measured')) return 'parameters'
  return primary >= 0 ? 'entities' : 'other'
}

/** Rows of `from` and `to` without a name of their own are about what they lead from. */
function withEnds(read: Omit<ReadTable, 'shape'>): Omit<ReadTable, 'shape'> {
  const end = (type: string): number =>
    read.columns.findIndex((column) => column.role === 'link' && column.type === type)
  const [from, to] = [end('provides'), end('consumes')]
  if (read.primary >= 0 || from < 0 || to < 0) return read
  const kind = 'COMPONENT'
  const columns = read.columns
    .with(from, { role: 'entity', kind, noun: 'end' })
    .with(to, { role: 'link', type: 'connects_to', direction: 'to', kind })
  return { ...read, columns, primary: from }
}

/** What the columns of every table of a document hold; tables that are no part of the description are left out. */
export function readTables(document: ParsedDocument): ReadTable[] {
  return [...document.tables, ...recordTables(document)]
    .filter((table) => table.rows.length > 0 && !isAside(table.section))
    .map((table) => {
      const columns = table.headers.map((_, index) => classifyColumn(table, index))
      const named =
        kindOfSection(table.section) !== undefined ||
        columns.some(({ role }) => role === 'quantity' || role === 'link')
      const read = withEnds({ document, table, columns, primary: primaryColumn(table, columns, named) })
      return { ...read, shape: shapeOf(read) }
    })
}

/** The kind of thing that a section lists: `3.2 Components`, `sensors`. */
export function kindOfSection(section: Section | undefined): ReturnType<typeof kindOfPhrase> {
  for (let at = section; at !== undefined; at = at.parent) {
    const title = at.title.replace(/\b(?:list|table|overview|data|budget|summary|inventory)s?$/i, '').trim()
    const kind = kindOfPhrase(title)
    if (kind !== undefined) return kind
    if (at.level <= 1) return undefined
  }
  return undefined
}
