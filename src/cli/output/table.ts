import { displayWidth, escapeControl, padEnd, truncate } from './text.ts'

/**
 * Aligned columns, two spaces apart; cells are escaped. With `columns` (a terminal's width) each line is cut to it;
 * without, nothing is, so that a pipe gets whole values.
 */
export function renderTable(
  headings: string[],
  rows: (string | number | null | undefined)[][],
  columns?: number,
): string {
  const cells = [headings, ...rows.map((row) => row.map(cellText))]
  const widths = headings.map((_, index) => Math.max(...cells.map((row) => displayWidth(row[index] ?? ''))))
  const lines = cells.map((row) => {
    const line = row
      .map((cell, index) => padEnd(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd()
    return columns === undefined ? line : truncate(line, columns)
  })
  return `${lines.join('\n')}\n`
}

/** Labels and values under each other, for one thing in detail. */
export function renderFields(fields: [label: string, value: string | number | null | undefined][]): string {
  const width = Math.max(...fields.map(([label]) => displayWidth(label)))
  return fields
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([label, value]) => `${padEnd(label, width)}  ${cellText(value)}\n`)
    .join('')
}

function cellText(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-'
  return escapeControl(String(value))
}
