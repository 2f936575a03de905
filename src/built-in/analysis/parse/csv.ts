import { CsvError, parse } from 'csv-parse/sync'
import { malformed } from '../errors.ts'

export interface CsvRecord {
  line: number
  cells: string[]
}

const delimiters = [',', ';', '\t', '|'] as const

/** The delimiter that occurs most in the first line that is no comment, outside quotes; a comma when none does. */
export function detectDelimiter(text: string): string {
  const start = /^(?:[ \t]*(?:#[^\r\n]*)?[\r\n]+)*/.exec(text.slice(0, 20_000))?.[0].length ?? 0
  const counts = new Map<string, number>()
  let quoted = false
  for (const character of text.slice(start, start + 100_000)) {
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '\n' || character === '\r')) break
    else if (!quoted) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  const count = (delimiter: string): number => counts.get(delimiter) ?? 0
  return delimiters.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best), ',')
}

/**
 * Records of a CSV document (RFC 4180) with the line where each begins; comments (`#`) and empty lines are left out.
 * @throws JobwrightError `document_malformed`, with the line
 */
export function parseCsv(path: string, text: string): CsvRecord[] {
  try {
    const records = parse(text, {
      info: true,
      bom: true,
      trim: true,
      delimiter: detectDelimiter(text),
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true,
    }) as unknown as { record: string[]; info: { lines: number } }[]
    return records
      .map(({ record, info }) => ({ line: info.lines - breaksIn(record), cells: record }))
      .filter(({ cells }) => cells.some((cell) => cell !== '') && !cells[0]?.startsWith('#'))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error['lines'] === 'number' ? error['lines'] : 1
    throw malformed(
      { document: path, line },
      error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quoted field opens here and never closes' : error.message,
      'close the quote (a quote inside a quoted field is written twice)',
    )
  }
}

function breaksIn(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0)
}
