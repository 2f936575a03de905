import { idFamily, isName, isSignalName, slugOf } from '../language/names.ts'
import type { ParsedDocument, Table, TableRow } from '../parse/types.ts'
import { type Column, classifyColumn, type EntityKind } from './columns.ts'
import { isAside, isTestReport } from './sections.ts'

export type ShapeKind = 'requirements' | 'tests' | 'matrix' | 'pins' | 'parameters' | 'entities' | 'unknown'

/** A table with its columns understood. */
export interface TableShape {
  document: ParsedDocument
  table: Table
  columns: Column[]
  kind: ShapeKind
  /** The column whose cell each row is about; -1 when there is none. */
  primary: number
}

export function columnOf(shape: Pick<TableShape, 'columns'>, ...roles: Column['role'][]): number {
  return shape.columns.findIndex((column) => roles.includes(column.role))
}

export function textAt(row: TableRow, column: number): string {
  return row.cells[column]?.text.trim() ?? ''
}

function distinctShare(table: Table, column: number): number {
  const cells = table.rows.map((row) => slugOf(textAt(row, column))).filter((text) => text !== '')
  return cells.length === 0 ? 0 : new Set(cells).size / cells.length
}

const registers =
  /^(?:risk|action|owner|due|due date|date|author|revision|rev|version|approved|approved by|deadline|probability|severity|cost|price)$/i

/** The kind that the words of a type cell or a section's title name. */
export function kindOfWords(text: string): EntityKind | undefined {
  if (/\b(?:connector|receptacle|plug|socket|port|interface|harness|cable|bus)s?\b/i.test(text))
    return 'INTERFACE'
  if (/\b(?:signal|discrete|net|message)s?\b/i.test(text)) return 'SIGNAL'
  if (/\b(?:rail|supply rail|power bus|power source|resource|budget)s?\b/i.test(text)) return 'RESOURCE'
  if (/\bsub-?systems?\b/i.test(text)) return 'SUBSYSTEM'
  if (
    /\b(?:component|part|unit|assembly|assemblies|equipment|device|module|sensor|actuator|valve|pump|fuse|relay|relays|heater|load|lru|channel|converter|controller|instrument|bill of materials)s?\b/i.test(
      text,
    )
  )
    return 'COMPONENT'
  return undefined
}

/** The kind that a designator shows: J, P and X are connectors, names in capitals with underscores are signals. */
export function kindOfDesignator(name: string): EntityKind | undefined {
  if (isSignalName(name)) return 'SIGNAL'
  if (/^[JPX]-?\d{1,4}[A-Z]?$/.test(name)) return 'INTERFACE'
  return /^[A-Z]{1,4}-?\d{1,4}[A-Z]?$/.test(name) ? 'COMPONENT' : undefined
}

function identifierIsEntity(table: Table, columns: readonly Column[], primary: number): boolean {
  if (table.headers.some((header) => registers.test(header.trim()))) return false
  const typed = table.headers.some((header) => /^(?:type|kind|category)$/i.test(header.trim()))
  const told = columns.some((column) => ['quantity', 'part number', 'entity', 'link'].includes(column.role))
  const named = table.rows.some((row) => kindOfDesignator(textAt(row, primary)) !== undefined)
  return kindOfWords(table.section?.title ?? '') !== undefined || (typed && (told || named)) || told
}

function primaryColumn(table: Table, columns: readonly Column[]): number {
  const candidates = columns.flatMap((column, index) =>
    column.role === 'entity' || column.role === 'identifier' ? [index] : [],
  )
  const explicit = candidates.find((index) => {
    const column = columns[index]
    return (
      column?.role === 'identifier' ||
      (column?.role === 'entity' && column.explicit && index === candidates[0])
    )
  })
  if (explicit !== undefined && distinctShare(table, explicit) >= 0.6) return explicit
  for (const index of candidates) if (distinctShare(table, index) >= 0.8) return index
  const name = columns.findIndex((column) => column.role === 'name')
  return name >= 0 && columns.some((column) => column.role === 'quantity') ? name : -1
}

function hasObligations(table: Table): boolean {
  const rows = table.rows.filter((row) => row.cells.some(({ text }) => /\b(?:shall|must)\b/i.test(text)))
  return rows.length > 0 && rows.length * 2 >= table.rows.length
}

function shapeKind(
  table: Table,
  columns: readonly Column[],
  primary: number,
  inTestReport: boolean,
): ShapeKind {
  const has = (role: Column['role']): boolean => columns.some((column) => column.role === role)
  const requirementIds = columns.some(
    (column, index) =>
      ['requirement', 'identifier'].includes(column.role) &&
      table.rows.some((row) => idFamily(textAt(row, index)) !== undefined),
  )
  if (has('verdict') && (has('test') || has('requirement') || has('measured') || inTestReport)) return 'tests'
  if (has('measured') && (has('criterion') || has('test') || has('requirement'))) return 'tests'
  if (requirementIds && hasObligations(table)) return 'requirements'
  if (has('requirement') && (has('test') || has('method'))) return 'matrix'
  if (
    has('pin') &&
    columns.some((column) => column.role === 'text' || (column.role === 'entity' && column.kind === 'SIGNAL'))
  )
    return 'pins'
  if (has('parameter') && (has('value') || has('criterion') || has('other'))) return 'parameters'
  return primary >= 0 ? 'entities' : 'unknown'
}

/** Undefined for tables that are no part of the description, such as a revision history. */
export function shapeOf(document: ParsedDocument, table: Table): TableShape | undefined {
  if (isAside(table.section) || table.rows.length === 0) return undefined
  const columns = table.headers.map((_, index) => classifyColumn(table, index))
  let primary = primaryColumn(table, columns)
  const kind = shapeKind(table, columns, primary, isTestReport(document))
  if (
    kind === 'entities' &&
    columns[primary]?.role === 'identifier' &&
    !identifierIsEntity(table, columns, primary)
  )
    primary = -1
  return { document, table, columns, kind: kind === 'entities' && primary < 0 ? 'unknown' : kind, primary }
}

/** A row without a name where the name should be, or the total of other rows, is about nothing. */
export function rowName(shape: TableShape, row: TableRow): string | undefined {
  const text = textAt(row, shape.primary)
  return shape.primary >= 0 && isName(text) ? text : undefined
}
