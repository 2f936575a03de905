import { type Measure, measureOfCell } from '../language/measures.ts'
import { isName, isTotal, slugOf, splitList, splitName } from '../language/names.ts'
import { parameterOf } from '../language/parameters.ts'
import { unitOf } from '../language/units.ts'
import type { Section, TableRow } from '../parse/types.ts'
import { type Column, kindOfPhrase, readHeader, type SizeColumn } from './columns.ts'
import { makeFact } from './facts.ts'
import type { Lexicon, Names } from './lexicon.ts'
import { addEntity, addLink, type EntityKind, type Fact, type Model } from './model.ts'
import { columnOf, kindOfSection, type ReadTable, textAt } from './shapes.ts'

/** The name of what a row is about, and its other names: the one in brackets, the id column. */
function nameOfRow(read: ReadTable, row: TableRow): { name: string; aliases: string[] } | undefined {
  const primary = splitName(textAt(row, read.primary))
  if (!isName(primary.name) || isTotal(primary.name)) return undefined
  const idColumn = columnOf(read, 'id')
  const id = textAt(row, idColumn)
  const aliases = [
    ...(primary.alias === undefined ? [] : [primary.alias]),
    ...(idColumn !== read.primary && isName(id) ? [id] : []),
  ]
  return { name: primary.name, aliases }
}

/** Two things of one name are told apart by their ids. */
function namesAreUnique(read: ReadTable): boolean {
  const slugs = read.table.rows.flatMap((row) => nameOfRow(read, row)?.name ?? []).map(slugOf)
  return new Set(slugs).size === slugs.length
}

/** Notes which ids and names mean the same, before anything is resolved. */
export function readNames(read: ReadTable, names: Names): void {
  if (read.shape !== 'entities' || !namesAreUnique(read)) return
  for (const row of read.table.rows) {
    const named = nameOfRow(read, row)
    for (const alias of named?.aliases ?? []) names.same(alias, named?.name ?? '')
  }
}

type Relation = [type: string, direction: 'from' | 'to']

/** What a further column of things says about the thing of the row. */
function relationOf(column: Column, kind: EntityKind, noun: string, draws: boolean): Relation | undefined {
  if (column.role === 'link') {
    const { type, direction } = column
    if (type !== 'provides' && type !== 'consumes') return [type, direction]
    if (kind === 'INTERFACE') return ['connects_to', 'to']
    if (kind === 'SIGNAL' || direction === 'to') return [type, direction]
    if (type === 'consumes') return ['connects_to', 'to']
    return draws || kind === 'RESOURCE' ? ['powers', 'from'] : ['connects_to', 'from']
  }
  if (column.role !== 'entity') return undefined
  const { kind: other, noun: its } = column
  const guards = /^(?:fuse|breaker)$/
  if (other === 'SUBSYSTEM') return ['contains', 'from']
  if (guards.test(its) && kind !== 'SIGNAL') return ['protects', 'from']
  if (guards.test(noun)) return ['protects', 'to']
  if (its === 'controller' && kind === 'COMPONENT') return ['controls', 'from']
  if (kind === 'SIGNAL') return other === 'INTERFACE' ? ['carries', 'from'] : undefined
  if (kind === 'INTERFACE') return [/^(?:SIGNAL|RESOURCE)$/.test(other) ? 'carries' : 'connects_to', 'to']
  if (other === 'INTERFACE') return ['connects_to', 'to']
  if (kind === 'RESOURCE') return other === 'COMPONENT' ? ['powers', 'to'] : undefined
  if (other === 'RESOURCE') return ['powers', 'from']
  if (other === 'SIGNAL') return ['provides', 'to']
  if (/^(?:channel|output|converter|regulator|battery|switch)$/.test(its)) return ['powers', 'from']
  if (/^(?:channel|output)$/.test(noun)) return ['powers', 'to']
  return /^(?:assembly|board|module|panel)$/.test(its) ? ['contains', 'from'] : undefined
}

/** The things, connections and sizes that the rows of a table give. */
export function readEntities(model: Model, read: ReadTable, names: Names): void {
  if (read.shape !== 'entities') return
  const { document, table, columns } = read
  const unique = namesAreUnique(read)
  const primary = columns[read.primary]
  const known = primary?.role === 'entity' ? primary : undefined
  const listed = known ?? kindOfSection(table.section)
  const typed = table.headers.findIndex((header) => /^(?:type|kind|category|class)$/i.test(header.trim()))
  const draws = columns.some(
    (column) => column.role === 'quantity' && /^(?:current|power)$/.test(column.parameter.noun),
  )
  const rows = table.rows.flatMap((row) => {
    const named = nameOfRow(read, row)
    if (named === undefined) return []
    const { name, aliases } = named
    const alias = aliases.at(-1) ?? name
    const own = unique || names.idOf(alias) === names.idOf(name) ? name : alias
    const kind =
      known?.kind ?? (kindOfPhrase(textAt(row, typed)) ?? listed ?? kindOfPhrase(name))?.kind ?? 'COMPONENT'
    return [{ row, id: names.idOf(own), name: names.nameOf(own), kind }]
  })
  const counts = Map.groupBy(rows, ({ id }) => id)
  const described = columnOf(read, 'text', 'name')
  for (const { row, id, name, kind } of rows) {
    const description = described === read.primary ? '' : textAt(row, described).slice(0, 300)
    const place = { document: document.path, line: row.cells[read.primary]?.line ?? row.line }
    addEntity(model, { id, name, kind, description, place, weight: known === undefined ? 2 : 3 })
    const conditions = columns.flatMap(({ role }, index) =>
      role === 'mode' ? slugOf(textAt(row, index)).replace(/^(?:nominal|normal|all)$/, '') : [],
    )
    const isRepeated = (counts.get(id)?.length ?? 0) > 1
    for (const [index, column] of columns.entries()) {
      const relation = relationOf(column, kind, listed?.noun ?? '', draws)
      if (relation === undefined || index === read.primary) continue
      const others = readLinks(model, read, row, index, { id, relation, names })
      // Several rows about one thing differ by what feeds it.
      if (isRepeated && relation[0] === 'powers') conditions.push(...others)
    }
    // Or by something that the rules do not know: then they are compared with nothing.
    if (isRepeated && conditions.join('') === '') conditions.push(`row ${row.line}`)
    readRowSizes(model, read, row, id, conditions.filter((part) => part !== '').join(' '))
  }
}

/** The things that a cell names, linked with the thing of its row. */
function readLinks(
  model: Model,
  { document, columns }: ReadTable,
  row: TableRow,
  index: number,
  { id, relation: [type, direction], names }: { id: string; relation: Relation; names: Names },
): string[] {
  const column = columns[index]
  const fallback = column?.role === 'entity' || column?.role === 'link' ? column.kind : 'COMPONENT'
  const place = { document: document.path, line: row.cells[index]?.line ?? row.line }
  const others = splitList(textAt(row, index)).map((text) => splitName(text).name)
  return others.filter(isName).map((text) => {
    const other = names.idOf(text)
    const kind = type === 'powers' ? fallback : (kindOfPhrase(text)?.kind ?? fallback)
    addEntity(model, { id: other, name: names.nameOf(text), kind, description: '', place, weight: 1 })
    addLink(model, {
      type,
      ...(direction === 'from' ? { from: other, to: id } : { from: id, to: other }),
      place,
    })
    return other
  })
}

function addFact(model: Model, fact: Fact): void {
  const made = makeFact(fact)
  if (made !== undefined) model.facts.push(made)
}

function readRowSizes(
  model: Model,
  { document, table, columns }: ReadTable,
  row: TableRow,
  entity: string,
  condition: string,
): void {
  for (const [index, column] of columns.entries()) {
    const bare = (column.role === 'value' || column.role === 'limit') && column.unit !== undefined
    if (column.role !== 'quantity' && !bare) continue
    const measure = measureOfCell(textAt(row, index), column.unit)
    if (measure === undefined) continue
    const parameter =
      column.role === 'quantity'
        ? column.parameter
        : parameterOf(boundWords(column), measure.unit, { needsNoun: false })
    const place = { document: document.path, line: row.cells[index]?.line ?? row.line }
    if (parameter !== undefined)
      addFact(model, { entity, parameter, measure, condition, origin: 'design', table, place })
  }
}

const boundWords = ({ role, bound }: SizeColumn): string[] =>
  role === 'limit' ? ['limit'] : bound === undefined ? [] : [bound === 'lower' ? 'min' : 'max']

/** The thing that the title of a section, or of the nearest around it that names one, is about. */
export function subjectOf(section: Section | undefined, lexicon: Lexicon): string | undefined {
  for (let at = section; at !== undefined; at = at.parent) {
    const mentions = lexicon.mentions(at.title)
    if (mentions.length === 1) return mentions[0]?.id
    if (mentions.length > 1) return undefined
  }
  return undefined
}

type Size = { column: SizeColumn; measure: Measure; line: number }

/** A minimum and a maximum of one row are a range. */
function joinBounds(sizes: readonly Size[]): Size[] {
  const least = sizes.find(({ column }) => column.bound === 'lower')
  const most = sizes.find(({ column }) => column.bound === 'upper')
  const [lower, upper] = [least?.measure.value, most?.measure.value]
  if (least === undefined || most === undefined || lower === undefined || upper === undefined)
    return [...sizes]
  const measure = { ...least.measure, value: undefined, lower, upper }
  const range: Size = { ...least, column: { role: 'value' }, measure }
  return [...sizes.filter((size) => size !== least && size !== most), range]
}

/** Tables of parameter, value and unit about one thing, which the row, the section or the document names. */
export function readParameters(model: Model, read: ReadTable, lexicon: Lexicon): void {
  const { document, table, columns } = read
  const [named, units] = [columnOf(read, 'parameter'), columnOf(read, 'unit')]
  for (const row of table.rows) {
    const label = textAt(row, named)
    const inLabel = lexicon.mentions(label)
    const inColumn = lexicon.mentions(textAt(row, read.primary))
    const entity = inLabel[0]?.id ?? inColumn[0]?.id ?? subjectOf(table.section, lexicon)
    if (entity === undefined || inLabel.length > 1 || inColumn.length > 1) continue
    const rest =
      inLabel[0] === undefined ? label : label.slice(0, inLabel[0].start) + label.slice(inLabel[0].end)
    const { words, unit } = readHeader(rest)
    const sizes = columns.flatMap((column, index) => {
      if (column.role !== 'value' && column.role !== 'limit') return []
      const measure = measureOfCell(textAt(row, index), column.unit ?? unitOf(textAt(row, units)) ?? unit)
      const line = row.cells[index]?.line ?? row.line
      return measure === undefined ? [] : [{ column, measure, line }]
    })
    for (const { column, measure, line } of joinBounds(sizes)) {
      const parameter = parameterOf([...boundWords(column), ...words], measure.unit, { needsNoun: true })
      const place = { document: document.path, line }
      if (parameter !== undefined)
        addFact(model, { entity, parameter, measure, condition: '', origin: 'design', table, place })
    }
  }
}
