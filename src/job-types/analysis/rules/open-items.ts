import type { Cell, ParsedDocument } from '../parse/types.ts'
import { isAside } from '../reading/sections.ts'
import { type Finding, groupBy, type Rule } from './rule.ts'

const open =
  /(?<![\p{L}\d_])(?:TB[DCRS](?:[-_ ]?\d{1,4})?|TODO|FIXME|[Tt]o be (?:determined|defined|confirmed|decided|clarified|specified|agreed))(?![\p{L}\d_])/u
/** Sentences about open items, not with one. */
const about =
  /\b(?:no|zero|all|any|each|every|remaining|open|without)\s+(?:open\s+|remaining\s+)?(?:TB[DCRS]|TODO)|\b(?:stands for|means|abbreviat|resolved|closed)\b|\bTB[DCR]\b\W{1,4}to be \w+/i

interface OpenItem {
  word: string
  subject: string
  document: string
  line: number
}

function subjectOf(
  headers: string[],
  header: string,
  first: Cell | undefined,
  cell: Cell,
  title = '',
): string {
  const key = first?.text ?? ''
  if (cell === first || header === 'value') return key
  if (cell.text.split(' ').length > 3) return `${key}: ${shorten(cell.text)}`
  return /^\d+$/.test(key) ? `${header} of ${headers[0]} ${key}, ${title}` : `${header} of ${key}`
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text)

/** What stands at each line of a table, so that an open cell can be named by its row and column. */
function cellsByLine(document: ParsedDocument): Map<number, { subject: string; text: string }[]> {
  const cells = new Map<number, { subject: string; text: string }[]>()
  for (const { headers, rows, section } of document.tables)
    for (const row of rows) {
      const [first] = row.cells
      for (const [index, cell] of row.cells.entries()) {
        const subject = subjectOf(
          headers,
          headers[index] ?? '',
          index === 0 ? cell : first,
          cell,
          section?.title,
        )
        cells.set(cell.line, [...(cells.get(cell.line) ?? []), { subject, text: cell.text }].slice(-100))
      }
    }
  return cells
}

function asides(document: ParsedDocument): (line: number) => boolean {
  let at = 0
  return (line) => {
    while ((document.sections[at + 1]?.line ?? Number.POSITIVE_INFINITY) <= line) at += 1
    return isAside(document.sections[at]) && (document.sections[at]?.line ?? 0) <= line
  }
}

function openItems(document: ParsedDocument): OpenItem[] {
  const cells = cellsByLine(document)
  const inAside = asides(document)
  return document.lines.flatMap((raw, index) => {
    const line = index + 1
    const text = raw.slice(0, 5000)
    const word = open.exec(text)?.[0]
    if (inAside(line) || word === undefined || about.test(text)) return []
    const cell = cells.get(line)?.find((one) => open.test(one.text))
    const plain = text.replace(/^[\s#>*+|-]+|[|\s]+$/g, '').replace(/[*`]+/g, '')
    const subject = cell?.subject ?? shorten(plain)
    return [
      { word: /^to be/i.test(word) ? word.toLowerCase() : word, subject, document: document.path, line },
    ]
  })
}

/** TBD, TBC, TODO and their like. An id such as TBD-3 is one item wherever it stands. */
export const openItemsRule: Rule = {
  name: 'open-items',
  find(model) {
    const items = model.documents.flatMap(openItems)
    const groups = groupBy(items, ({ word, document, line }) =>
      /\d/.test(word) ? word : `${document}:${line}`,
    )
    return [...groups.values()].flatMap((group): Finding[] => {
      const [first] = group
      if (first === undefined) return []
      const { word, subject, document, line } = first
      return [
        {
          title: `${word}: ${subject}`,
          description: `${document}:${line} leaves open: ${subject} (${word}). Decide it, or name who does so until when.`,
          priority: /TODO|FIXME/.test(word) ? 'low' : 'medium',
          tags: ['open-item', word.toLowerCase().replace(/\W+/g, '-')],
          places: group.map(({ document: path, line: at }) => ({ document: path, line: at })),
        },
      ]
    })
  },
}
