import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { malformed } from '../errors.ts'
import type { Cell, Section, Table, TableRow } from './types.ts'

/**
 * Reads JSON, and gives every list of objects as a table, every named object outside a list as a table of one row.
 * @throws JobwrightError `document_malformed`, with the line
 */
export function readJson(
  path: string,
  text: string,
  section: Section,
): { tables: Table[]; sections: Section[] } {
  const reader = new JsonReader(text)
  try {
    const root = parseStrictly(path, text, reader.lineOf)
    if (root !== undefined) reader.walk(root, '', section)
  } catch (error) {
    // The parser and the walk call themselves for each level.
    if (!(error instanceof RangeError)) throw error
    throw malformed({ document: path, line: 1 }, 'this JSON is nested too deeply', 'flatten it')
  }
  return { tables: reader.tables, sections: reader.sections }
}

/** Offsets may be asked in any order; each answer is a binary search. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

function parseStrictly(path: string, text: string, lineOf: (offset: number) => number): Node | undefined {
  if (text.trim() === '') return undefined
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  const [error] = errors
  if (error === undefined) return root
  const what = printParseErrorCode(error.error).replace(
    /(?<=[a-z])[A-Z]/g,
    (letter) => ` ${letter.toLowerCase()}`,
  )
  const found = text.slice(error.offset, error.offset + 20).split('\n')[0] ?? ''
  const at = found === '' ? 'at the end' : `at ${JSON.stringify(found)}`
  const place = { document: path, line: lineOf(error.offset) }
  throw malformed(place, `this is not valid JSON: ${what} ${at}`, 'correct it here')
}

/** `partNumber` as words. Underscores stay: the last word after one may be a unit. */
const spaced = (key: string): string => key.replace(/([a-z\d])([A-Z])/g, '$1 $2').trim()

const naming = /^(?:id|name|ref|refdes|designator|tag|identifier)$/i

const isScalar = (node: Node): boolean => node.type !== 'object' && node.type !== 'array'

interface Field {
  key: string
  value: Node
}

function fieldsOf(node: Node): Field[] {
  return (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
    key === undefined || value === undefined ? [] : [{ key: String(key.value), value }],
  )
}

const isRecord = (node: Node): boolean =>
  fieldsOf(node).some(({ key, value }) => isScalar(value) && naming.test(key))

/** Objects keyed by what they describe: `{"5V": {"limit_ma": 500}, "3V3": {…}}`. */
function isKeyed(node: Node): boolean {
  const isDescribing = ({ value }: Field): boolean =>
    value.type === 'object' && fieldsOf(value).some((field) => isScalar(field.value))
  return fieldsOf(node).length > 1 && fieldsOf(node).every(isDescribing)
}

class JsonReader {
  readonly tables: Table[] = []
  readonly sections: Section[] = []
  readonly lineOf: (offset: number) => number
  readonly #text: string

  constructor(text: string) {
    this.#text = text
    this.lineOf = lineCounter(text)
  }

  walk(node: Node, key: string, parent: Section): void {
    if (isScalar(node)) return
    const line = this.lineOf(node.offset)
    const section = key === '' ? parent : this.#open(spaced(key).replace(/[_-]+/g, ' '), line, parent)
    if (node.type === 'array') {
      const objects = (node.children ?? []).filter(({ type }) => type === 'object')
      this.#addTable(
        objects.map((value) => ({ value })),
        section,
      )
    } else if (isRecord(node)) this.#addTable([{ value: node }], section)
    else if (key !== '' && isKeyed(node)) this.#addTable(fieldsOf(node), section)
    else this.#addParameters(node, section)
  }

  #open(title: string, line: number, parent: Section): Section {
    const section: Section = { title, level: parent.level + 1, line, parent }
    this.sections.push(section)
    return section
  }

  /** Numbers keep their text, so that `5.0` does not lose its digit. */
  #scalar({ type, value, offset, length }: Node): string {
    return type === 'null'
      ? ''
      : type === 'number'
        ? this.#text.slice(offset, offset + length)
        : String(value)
  }

  /** A scalar, a list of scalars, or `{"value": 5, "unit": "A"}`, as one cell. */
  #cell(node: Node): Cell | undefined {
    const line = this.lineOf(node.offset)
    if (isScalar(node)) return { text: this.#scalar(node), line }
    const fields = new Map(fieldsOf(node).map(({ key, value }) => [key.toLowerCase(), value]))
    const [value, unit] = [fields.get('value'), fields.get('unit')]
    const isQuantity = node.type === 'object' && value !== undefined && unit !== undefined
    const parts = node.type === 'array' ? (node.children ?? []) : isQuantity ? [value, unit] : undefined
    if (parts === undefined || !parts.every(isScalar)) return undefined
    return { text: parts.map((part) => this.#scalar(part)).join(isQuantity ? ' ' : ', '), line }
  }

  /** The fields of an object as cells: objects in it that are no records of their own join under longer names. */
  #flatten(node: Node, prefix: string, cells: Map<string, Cell>, nested: Field[]): void {
    for (const { key, value } of fieldsOf(node)) {
      const header = `${prefix} ${spaced(key)}`.trim()
      const cell = this.#cell(value)
      if (cell !== undefined) cells.set(header, cell)
      else if (value.type === 'array' || isRecord(value) || isKeyed(value)) nested.push({ key, value })
      else this.#flatten(value, header, cells, nested)
    }
  }

  #addTable(objects: { value: Node; key?: string }[], section: Section): void {
    const read = objects.map(({ value, key }) => {
      const line = this.lineOf(value.offset)
      const cells = new Map<string, Cell>(key === undefined ? [] : [['name', { text: key, line }]])
      const nested: Field[] = []
      this.#flatten(value, '', cells, nested)
      return { line, cells, nested }
    })
    const headers = [...new Set(read.flatMap(({ cells }) => [...cells.keys()]))]
    const rows = read.map(({ line, cells }): TableRow => {
      return { line, cells: headers.map((header) => cells.get(header) ?? { text: '', line }) }
    })
    if (headers.length > 0) this.tables.push({ headers, line: read[0]?.line ?? 1, section, rows })
    for (const { line, cells, nested } of read) {
      const [, named] = [...cells].find(([header]) => naming.test(header)) ?? []
      const parent =
        named === undefined || nested.length === 0 ? section : this.#open(named.text, line, section)
      for (const { key, value } of nested) this.walk(value, key, parent)
    }
  }

  /** An object without a name: its plain fields are parameters of what it is in. */
  #addParameters(node: Node, section: Section): void {
    const rows = fieldsOf(node).flatMap(({ key, value }): TableRow[] => {
      const cell = this.#cell(value)
      if (cell === undefined) this.walk(value, key, section)
      return cell === undefined
        ? []
        : [{ line: cell.line, cells: [{ text: spaced(key), line: cell.line }, cell] }]
    })
    const line = this.lineOf(node.offset)
    if (rows.length > 0) this.tables.push({ headers: ['parameter', 'value'], line, section, rows })
  }
}
