import type { LocatedJson } from './json.ts'
import type { Cell, Section, Table } from './types.ts'

const identifying = new Set([
  'id',
  'name',
  'ref',
  'refdes',
  'designator',
  'reference',
  'tag',
  'identifier',
  'type',
])

interface Context {
  section: Section | undefined
  tables: Table[]
  sections: Section[]
}

type JsonObjectNode = Extract<LocatedJson, { kind: 'object' }>

/** `partNumber` as words. Underscores stay: the last word after one may be a unit. */
function spaced(key: string): string {
  return key.replace(/([a-z\d])([A-Z])/g, '$1 $2').trim()
}

function scalarList(node: LocatedJson): string | undefined {
  if (node.kind !== 'list' || node.items.length === 0) return undefined
  const texts = node.items.map((item) =>
    item.kind === 'scalar' && item.value !== null ? item.text : undefined,
  )
  return texts.every((text) => text !== undefined) ? texts.join(', ') : undefined
}

/** `{ "value": 5, "unit": "A" }` as `5 A`. */
function quantityObject(node: JsonObjectNode): string | undefined {
  const field = (name: string) => node.fields.find(({ key }) => key.toLowerCase() === name)?.value
  const [value, unit] = [field('value'), field('unit')]
  return value?.kind === 'scalar' && unit?.kind === 'scalar' ? `${value.text} ${unit.text}` : undefined
}

function isRecord(node: JsonObjectNode): boolean {
  return node.fields.some(({ key, value }) => value.kind === 'scalar' && identifying.has(key.toLowerCase()))
}

/** The fields of an object as a row: nested objects that are no records of their own join it under longer names. */
function flatten(
  node: JsonObjectNode,
  prefix: string,
  into: Map<string, Cell>,
  nested: { key: string; value: LocatedJson }[],
): void {
  for (const { key, value } of node.fields) {
    const name = prefix === '' ? spaced(key) : `${prefix} ${spaced(key)}`
    if (value.kind === 'scalar') {
      if (value.value !== null) into.set(name, { text: value.text, line: value.line })
      continue
    }
    const list = scalarList(value)
    if (list !== undefined) into.set(name, { text: list, line: value.line })
    else if (value.kind === 'list') nested.push({ key, value })
    else {
      const quantity = quantityObject(value)
      if (quantity !== undefined) into.set(name, { text: quantity, line: value.line })
      else if (isRecord(value)) nested.push({ key, value })
      else flatten(value, name, into, nested)
    }
  }
}

function addTable(nodes: JsonObjectNode[], context: Context): void {
  const rows = nodes.map((node) => {
    const cells = new Map<string, Cell>()
    const nested: { key: string; value: LocatedJson }[] = []
    flatten(node, '', cells, nested)
    return { node, cells, nested }
  })
  const headers = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))]
  if (headers.length > 0)
    context.tables.push({
      headers,
      line: nodes[0]?.line ?? 1,
      section: context.section,
      rows: rows.map(({ node, cells }) => ({
        line: node.line,
        cells: headers.map((header) => cells.get(header) ?? { text: '', line: node.line }),
      })),
    })
  for (const { node, cells, nested } of rows) {
    const named = [...cells].find(([header]) =>
      ['id', 'ref', 'refdes', 'designator', 'name'].includes(header.toLowerCase()),
    )
    const parent = named === undefined ? context.section : openSection(named[1].text, node.line, context)
    for (const { key, value } of nested) walk(value, key, { ...context, section: parent })
  }
}

function openSection(title: string, line: number, context: Context): Section {
  const section: Section = { title, level: (context.section?.level ?? 0) + 1, line, parent: context.section }
  context.sections.push(section)
  return section
}

function walk(node: LocatedJson, key: string, context: Context): void {
  if (node.kind === 'scalar') return
  const inner =
    key === ''
      ? context
      : { ...context, section: openSection(spaced(key).replace(/[_-]+/g, ' '), node.line, context) }
  if (node.kind === 'list') {
    const objects = node.items.filter((item) => item.kind === 'object')
    if (objects.length > 0) addTable(objects, inner)
    for (const item of node.items) if (item.kind === 'list') walk(item, '', inner)
    return
  }
  if (isRecord(node)) {
    addTable([node], inner)
    return
  }
  for (const field of node.fields) walk(field.value, field.key, inner)
}

/** Every list of objects is a table, every identified object outside a list a table of one row. */
export function jsonTables(root: LocatedJson): { tables: Table[]; sections: Section[] } {
  const context: Context = { section: undefined, tables: [], sections: [] }
  walk(root, '', context)
  return { tables: context.tables, sections: context.sections }
}
