import type { TickRow } from './view.ts'

/** The ledger as CSV (RFC 4180), with a line of names first. What is null is empty. */
export function ticksCsv(rows: readonly TickRow[]): string {
  const lines = rows.map((row) => columns.map((name) => cell(row[name])).join(','))
  return [columns.join(','), ...lines].map((line) => `${line}\r\n`).join('')
}

const columns = [
  'schedule',
  'nominal_at',
  'due_at',
  'decided_at',
  'outcome',
  'reason',
  'run',
  'late_seconds',
] as const satisfies (keyof TickRow)[]

function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
