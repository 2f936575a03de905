import { displayWidth, escapeControl, padEnd, truncate } from './text.ts'

type Cell = string | number | null | undefined

/** How a table fits a terminal. Without `columns` (a pipe), nothing is cut or left out. */
export interface TableOptions {
  /** The terminal's width. */
  columns?: number | undefined
  /** Headings of what describes: it is cut where there is no room. What identifies never is. */
  cut?: readonly string[]
  /** Headings of what is left out where cutting does not do, first the first. */
  drop?: readonly string[]
  /** Colors a cell, which keeps its width. */
  paint?: (heading: string, cell: string) => string
}

/** What is left of a cell that is cut. */
const cutWidth = 10
const gap = '  '

interface Column {
  heading: string
  cells: string[]
  width: number
  leastWidth: number
}

/**
 * Aligned columns, two spaces apart; cells are escaped. On a terminal that is too narrow even for what may be neither cut
 * nor left out, each row is a list of its fields.
 */
export function renderTable(headings: string[], rows: Cell[][], options: TableOptions = {}): string {
  const { columns = Number.POSITIVE_INFINITY, cut = [], drop = [], paint = (_, cell) => cell } = options
  const all = headings.map((heading, index): Column => {
    const cells = rows.map((row) => cellText(row[index]))
    const width = Math.max(displayWidth(heading), ...cells.map(displayWidth))
    return { heading, cells, width, leastWidth: cut.includes(heading) ? Math.min(width, cutWidth) : width }
  })
  const kept = withoutSpare(all, drop, columns)
  if (kept === undefined) return listRows(all, rows.length, paint)
  const fitted = shrink(kept, columns)
  const line = (cellOf: (column: Column) => string, color: typeof paint) =>
    fitted
      .map((column, index) => {
        const cell = truncate(cellOf(column), column.width)
        const padding = index === fitted.length - 1 ? '' : padEnd('', column.width - displayWidth(cell))
        return color(column.heading, cell) + padding
      })
      .join(gap)
      .trimEnd()
  const lines = rows.map((_, index) => line((column) => column.cells[index] ?? '', paint))
  return `${[
    line(
      (column) => column.heading,
      (_, cell) => cell,
    ),
    ...lines,
  ].join('\n')}\n`
}

/** The columns that there is room for; undefined when there is none even without those that may go. */
function withoutSpare(all: Column[], drop: readonly string[], room: number): Column[] | undefined {
  const fits = (columns: Column[]) => total(columns.map((column) => column.leastWidth)) <= room
  for (let gone = 0; gone <= drop.length; gone += 1) {
    const kept = all.filter((column) => !drop.slice(0, gone).includes(column.heading))
    if (fits(kept)) return kept
  }
  return undefined
}

/** Takes what is too much from the last of those that may be cut, then from the one before. */
function shrink(columns: Column[], room: number): Column[] {
  let excess = Math.max(0, total(columns.map((column) => column.width)) - room)
  return columns
    .toReversed()
    .map((column) => {
      const taken = Math.min(excess, column.width - column.leastWidth)
      excess -= taken
      return { ...column, width: column.width - taken }
    })
    .toReversed()
}

function total(widths: number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1)
}

function listRows(columns: Column[], rows: number, paint: (heading: string, cell: string) => string): string {
  const width = Math.max(...columns.map(({ heading }) => displayWidth(heading)))
  const lists = Array.from({ length: rows }, (_, index) =>
    columns
      .map(({ heading, cells }) => `${padEnd(heading, width)}${gap}${paint(heading, cells[index] ?? '')}\n`)
      .join(''),
  )
  return lists.join('\n')
}

/** Labels and values under each other, for one thing in detail. */
export function renderFields(fields: readonly (readonly [label: string, value: Cell])[]): string {
  const width = Math.max(...fields.map(([label]) => displayWidth(label)))
  return fields
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([label, value]) => `${padEnd(label, width)}  ${cellText(value)}\n`)
    .join('')
}

function cellText(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-'
  return escapeControl(String(value))
}
