import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { malformed } from '../errors.ts'
import type { Cell, Section, Table } from './types.ts'

/**
 * Reads JSON, and gives every list of objects as a table, every named object outside a list as a table of one row.
 * @throws AnalysisError document_malformed, with the line
 */
export function readJson(path: string, text: string, section: Section): Pick<Reader, 'tables' | 'sections'> {
  const reader: Reader = { text, lineOf: lineCounter(text), tables: [], sections: [] }
  try {
    const root = parseStrictly(path, reader)
    if (root !== undefined) walk(root, '', section, reader)
  } catch (error) {
    // The parser and the walk call themselves for each level.
    if (!(error instanceof RangeError)) throw error
    throw malformed({ document: path, line: 1 }, 'this JSON is nested too deeply', 'flatten it')
  }
  return { tables: reader.tables, sections: reader.sections }
}

interface Reader {
  text: string
  lineOf: (offset: number) => number
  tables: Table[]
  sections: Section[]
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

function parseStrictly(path: string, { text, lineOf }: Reader): Node | undefined {
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
  throw malformed(
    { document: path, line: lineOf(error.offset) },
    `this is not valid JSON: ${what} ${at}`,
    'correct it here',
  )
}

/** `partNumber` as words. Underscores stay: the last word after one may be a unit. */
const spaced = (key: string): string => key.replace(/([a-z\d])([A-Z])/g, '$1 $2').trim()

const isScalar = (node: Node): boolean => node.type !== 'object' && node.type !== 'array'

/** Numbers keep their text, so that `5.0` does not lose its digit. */
const scalarText = (node: Node, { text }: Reader): string =>
  node.type === 'null'
    ? ''
    : node.type === 'number'
      ? text.slice(node.offset, node.offset + node.length)
      : String(node.value)

function fieldsOf(node: Node): { key: string; value: Node }[] {
  return (node.children ?? []).flatMap(({ children }) => {
    const [key, value] = children ?? []
    return key === undefined || value === undefined ? [] : [{ key: String(key.value), value }]
  })
}

const isRecord = (node: Node): boolean =>
  fieldsOf(node).some(
    ({ key, value }) => isScalar(value) && /^(?:id|name|ref|refdes|designator|tag|identifier)$/i.test(key),
  )

/** Objects keyed by what they describe: `{"5V": {"limit_ma": 500}, "3V3": {…}}`. */
const isKeyed = (node: Node): boolean => {
  const fields = fieldsOf(node)
  return (
    fields.length > 1 &&
    fields.every(
      ({ value }) => value.type === 'object' && fieldsOf(value).some((field) => isScalar(field.value)),
    )
  )
}

/** A scalar, a list of scalars, or `{"value": 5, "unit": "A"}`, as one text. */
function cellText(node: Node, reader: Reader): string | undefined {
  if (isScalar(node)) return scalarText(node, reader)
  if (node.type === 'array') {
    const items = node.children ?? []
    return items.every(isScalar) ? items.map((item) => scalarText(item, reader)).join(', ') : undefined
  }
  const fields = new Map(fieldsOf(node).map(({ key, value }) => [key.toLowerCase(), value]))
  const [value, unit] = [fields.get('value'), fields.get('unit')]
  return value !== undefined && unit !== undefined && isScalar(value) && isScalar(unit)
    ? `${scalarText(value, reader)} ${scalarText(unit, reader)}`
    : undefined
}

/** The fields of an object as cells: objects in it that are no records of their own join under longer names. */
function flatten(
  node: Node,
  prefix: string,
  cells: Map<string, Cell>,
  nested: [string, Node][],
  reader: Reader,
) {
  for (const { key, value } of fieldsOf(node)) {
    const header = `${prefix} ${spaced(key)}`.trim()
    const text = cellText(value, reader)
    if (text !== undefined) cells.set(header, { text, line: reader.lineOf(value.offset) })
    else if (value.type === 'array' || isRecord(value) || isKeyed(value)) nested.push([key, value])
    else flatten(value, header, cells, nested, reader)
  }
}

function addTable(rows: { node: Node; key?: string }[], section: Section | undefined, reader: Reader): void {
  const read = rows.map(({ node, key }) => {
    const line = reader.lineOf(node.offset)
    const cells = new Map<string, Cell>(key === undefined ? [] : [['name', { text: key, line }]])
    const nested: [string, Node][] = []
    flatten(node, '', cells, nested, reader)
    return { line, cells, nested }
  })
  const headers = [...new Set(read.flatMap(({ cells }) => [...cells.keys()]))]
  if (headers.length > 0)
    reader.tables.push({
      headers,
      line: read[0]?.line ?? 1,
      section,
      rows: read.map(({ line, cells }) => ({
        line,
        cells: headers.map((header) => cells.get(header) ?? { text: '', line }),
      })),
    })
  for (const { line, cells, nested } of read) {
    if (nested.length === 0) continue
    const named = [...cells].find(([header]) => /^(?:name|id|ref|refdes|designator|tag)$/i.test(header))
    const parent = named === undefined ? section : openSection(named[1].text, line, section, reader)
    for (const [key, value] of nested) walk(value, key, parent, reader)
  }
}

function openSection(title: string, line: number, parent: Section | undefined, reader: Reader): Section {
  const section: Section = { title, level: (parent?.level ?? 0) + 1, line, parent }
  reader.sections.push(section)
  return section
}

function walk(node: Node, key: string, parent: Section | undefined, reader: Reader): void {
  if (isScalar(node)) return
  const title = spaced(key).replace(/[_-]+/g, ' ')
  const section = key === '' ? parent : openSection(title, reader.lineOf(node.offset), parent, reader)
  if (node.type === 'array') {
    const objects = (node.children ?? []).filter(({ type }) => type === 'object')
    if (objects.length > 0)
      addTable(
        objects.map((object) => ({ node: object })),
        section,
        reader,
      )
  } else if (isRecord(node)) addTable([{ node }], section, reader)
  else if (key !== '' && isKeyed(node))
    addTable(
      fieldsOf(node).map((field) => ({ node: field.value, key: field.key })),
      section,
      reader,
    )
  else addParameters(node, section, reader)
}

/** An object without a name: its plain fields are parameters of what it is in. */
function addParameters(node: Node, section: Section | undefined, reader: Reader): void {
  const rows = fieldsOf(node).flatMap(({ key, value }) => {
    const text = cellText(value, reader)
    if (text === undefined) walk(value, key, section, reader)
    const line = reader.lineOf(value.offset)
    return text === undefined
      ? []
      : [{ line, cells: [spaced(key), text].map((part) => ({ text: part, line })) }]
  })
  if (rows.length > 0)
    reader.tables.push({ headers: ['parameter', 'value'], line: reader.lineOf(node.offset), section, rows })
}
