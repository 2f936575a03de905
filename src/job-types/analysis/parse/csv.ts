import { malformed } from '../errors.ts'

export interface CsvRecord {
  line: number
  cells: string[]
}

const delimiters = [',', ';', '\t', '|'] as const

/** The delimiter that occurs most in the first line with text, outside quotes; a comma when none does. */
export function detectDelimiter(text: string): string {
  const counts = new Map<string, number>()
  let quoted = false
  let seen = false
  for (const character of text) {
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '\n' || character === '\r')) {
      if (seen) break
      continue
    } else if (!quoted && (delimiters as readonly string[]).includes(character))
      counts.set(character, (counts.get(character) ?? 0) + 1)
    if (character.trim() !== '') seen = true
  }
  let best = ','
  for (const delimiter of delimiters)
    if ((counts.get(delimiter) ?? 0) > (counts.get(best) ?? 0)) best = delimiter
  return best
}

/**
 * Records of a CSV document (RFC 4180: quoted fields, doubled quotes, line breaks in quotes; LF, CRLF or CR between
 * records). A line without any character between its breaks is no record.
 * @throws AnalysisError document_malformed for a quote that never closes, with the line where it opens
 */
export function parseCsv(path: string, text: string, delimiter: string = detectDelimiter(text)): CsvRecord[] {
  const records: CsvRecord[] = []
  let cells: string[] = []
  let line = 1
  let recordLine = 1
  let position = 0
  let touched = false

  const endRecord = (cell: string): void => {
    cells.push(cell)
    if (touched) records.push({ line: recordLine, cells })
    cells = []
    touched = false
  }
  const readQuoted = (): string => {
    const openedAt = line
    let value = ''
    position += 1
    for (;;) {
      const close = text.indexOf('"', position)
      if (close === -1)
        throw malformed(
          { document: path, line: openedAt },
          'a quoted field opens here and never closes',
          'add the closing quote (a quote inside a field is written twice)',
        )
      const part = text.slice(position, close)
      line += countBreaks(part)
      value += part
      position = close + 1
      if (text[position] !== '"') return value
      value += '"'
      position += 1
    }
  }

  for (;;) {
    if (cells.length === 0) recordLine = line
    let cell = ''
    if (text[position] === '"') {
      touched = true
      cell = readQuoted()
    }
    const from = position
    while (position < text.length) {
      const character = text[position]
      if (character === delimiter || character === '\n' || character === '\r') break
      position += 1
    }
    cell += text.slice(from, position)
    if (cell !== '') touched = true
    if (position >= text.length) {
      endRecord(cell)
      return records
    }
    if (text[position] === delimiter) {
      touched = true
      cells.push(cell)
      position += 1
      continue
    }
    endRecord(cell)
    position += text[position] === '\r' && text[position + 1] === '\n' ? 2 : 1
    line += 1
  }
}

function countBreaks(text: string): number {
  let breaks = 0
  for (let index = 0; index < text.length; index += 1)
    if (text[index] === '\n' || (text[index] === '\r' && text[index + 1] !== '\n')) breaks += 1
  return breaks
}
