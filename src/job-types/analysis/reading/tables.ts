import { type Measure, measureOfCell } from '../language/measures.ts'
import { isName, isTotal, slugOf, splitList, splitName } from '../language/names.ts'
import { parameterOf } from '../language/parameters.ts'
import { unitOf } from '../language/units.ts'
import type { Section, TableRow } from '../parse/types.ts'
import { type Column, kindOfPhrase, readHeader, type SizeColumn } from './columns.ts'
import { makeFact } from './facts.ts'
import type { Lexicon, Names } from './lexicon.ts'
import { addEntity, addLink, type EntityKind, type Fact, type Model, type Place } from './model.ts'
import { columnOf, kindOfSection, type ReadTable, textAt } from './shapes.ts'

/** The name of what a row is about, and its other name: its id column, or the one in brackets. */
function rowName(read: ReadTable, row: TableRow): { name: string; alias?: string } | undefined {
  const primary = splitName(textAt(row, read.primary))
  if (read.primary < 0 || !isName(primary.name)) return undefined
  const idColumn = columnOf(read, 'id')
  const id = textAt(row, idColumn)
  return idColumn === read.primary || !isName(id) ? primary : { ...primary, alias: id }
}

/** Two things of one name are told apart by their ids. */
function namesAreUnique(read: ReadTable): boolean {
  const names = read.table.rows.flatMap((row) => rowName(read, row)?.name ?? []).map(slugOf)
  return new Set(names).size === names.length
}

/** Notes which ids and names mean the same, before anything is resolved. */
export function readNames(read: ReadTable, names: Names): void {
  if (read.shape !== 'entities' || !namesAreUnique(read)) return
  for (const row of read.table.rows) {
    const named = rowName(read, row)
    if (named?.alias !== undefined) names.same(named.alias, named.name)
  }
}

/** The row's entity, by its id where several rows share a name. */
export function rowEntity(
  read: ReadTable,
  row: TableRow,
  names: Names,
): { id: string; name: string } | undefined {
  const named = rowName(read, row)
  if (named === undefined) return undefined
  const byId = named.alias !== undefined && names.idOf(named.alias) !== names.idOf(named.name)
  const name = names.nameOf(byId && !namesAreUniqueCached(read) ? (named.alias ?? named.name) : named.name)
  return { id: names.idOf(name), name }
}

const uniqueness = new WeakMap<object, boolean>()
function namesAreUniqueCached(read: ReadTable): boolean {
  const known = uniqueness.get(read.table) ?? namesAreUnique(read)
  uniqueness.set(read.table, known)
  return known
}

function kindOfRow(read: ReadTable, row: TableRow): EntityKind {
  const column = read.columns[read.primary]
  if (column?.role === 'entity') return column.kind
  const type = read.table.headers.findIndex((header) => /^(?:type|kind|category|class)$/i.test(header.trim()))
  const section = kindOfSection(read.table.section)?.kind
  return (
    kindOfPhrase(textAt(row, type))?.kind ??
    section ??
    kindOfPhrase(textAt(row, read.primary))?.kind ??
    'COMPONENT'
  )
}

type Relation = { type: string; direction: 'from' | 'to'; kind: EntityKind }

const relation = (type: string, direction: 'from' | 'to', kind: EntityKind): Relation => ({
  type,
  direction,
  kind,
})

/** What a further column of things says about the thing of the row. */
function relationOf(column: Column, kind: EntityKind, noun: string, draws: boolean): Relation | undefined {
  if (column.role === 'link') {
    const about = kind === 'SIGNAL' || kind === 'INTERFACE'
    if (column.type !== 'provides' && column.type !== 'consumes') return column
    if (kind === 'INTERFACE') return relation('connects_to', 'to', 'COMPONENT')
    if (about || column.direction === 'to') return column
    return column.type === 'provides' && draws
      ? relation('powers', 'from', 'RESOURCE')
      : relation('connects_to', column.type === 'provides' ? 'from' : 'to', 'COMPONENT')
  }
  if (column.role !== 'entity') return undefined
  const other = column.kind
  const guards = /^(?:fuse|breaker)$/
  if (other === 'SUBSYSTEM') return relation('contains', 'from', other)
  if (guards.test(column.noun) && kind !== 'SIGNAL') return relation('protects', 'from', other)
  if (guards.test(noun)) return relation('protects', 'to', other)
  if (column.noun === 'controller' && kind === 'COMPONENT') return relation('controls', 'from', other)
  if (kind === 'SIGNAL') return other === 'INTERFACE' ? relation('carries', 'from', other) : undefined
  if (kind === 'INTERFACE')
    return other === 'SIGNAL' || other === 'RESOURCE'
      ? relation('carries', 'to', other)
      : relation('connects_to', 'to', other)
  if (other === 'RESOURCE') return kind === 'RESOURCE' ? undefined : relation('powers', 'from', other)
  if (kind === 'RESOURCE') return other === 'COMPONENT' ? relation('powers', 'to', other) : undefined
  if (other === 'INTERFACE') return relation('connects_to', 'to', other)
  if (other === 'SIGNAL') return relation('provides', 'to', other)
  if (/^(?:channel|output|converter|regulator|battery|switch)$/.test(column.noun))
    return relation('powers', 'from', other)
  if (/^(?:channel|output)$/.test(noun)) return relation('powers', 'to', other)
  return /^(?:assembly|board|module|panel)$/.test(column.noun)
    ? relation('contains', 'from', other)
    : undefined
}

function relationsOf(
  read: ReadTable,
  row: TableRow,
): { relation: Relation; names: string[]; line: number }[] {
  const primary = read.columns[read.primary]
  const noun = primary?.role === 'entity' ? primary.noun : (kindOfSection(read.table.section)?.noun ?? '')
  const kind = kindOfRow(read, row)
  const draws = read.columns.some(
    (column) => column.role === 'quantity' && /^(?:current|power)$/.test(column.parameter.noun),
  )
  return read.columns.flatMap((column, index) => {
    const found = index === read.primary ? undefined : relationOf(column, kind, noun, draws)
    const cell = row.cells[index]
    if (found === undefined || cell === undefined) return []
    const names = splitList(cell.text)
      .map((text) => splitName(text).name)
      .filter(isName)
    return [{ relation: found, names, line: cell.line }]
  })
}

function descriptionOf(read: ReadTable, row: TableRow): string {
  const column = columnOf(read, 'text', 'name')
  return column === read.primary ? '' : textAt(row, column).slice(0, 300)
}

/** The things and connections that a table names. */
export function readEntities(model: Model, read: ReadTable, names: Names): void {
  const { document, table } = read
  if (read.shape !== 'entities') return
  for (const row of table.rows) {
    const place = { document: document.path, line: row.cells[read.primary]?.line ?? row.line }
    const own = rowEntity(read, row, names)
    if (own === undefined || isTotal(own.name)) continue
    addEntity(model, {
      ...own,
      kind: kindOfRow(read, row),
      description: descriptionOf(read, row),
      place,
      weight: read.columns[read.primary]?.role === 'entity' ? 3 : 2,
    })
    for (const { relation, names: others, line } of relationsOf(read, row))
      for (const text of others) {
        const other = { id: names.idOf(text), name: names.nameOf(text) }
        const kind = relation.type === 'powers' ? relation.kind : (kindOfPhrase(text)?.kind ?? relation.kind)
        const at: Place = { document: document.path, line }
        addEntity(model, { ...other, kind, description: '', place: at, weight: 1 })
        const [from, to] = relation.direction === 'from' ? [other.id, own.id] : [own.id, other.id]
        addLink(model, { type: relation.type, from, to, place: at })
      }
  }
}

function addFact(model: Model, fact: Fact): void {
  const made = makeFact(fact)
  if (made !== undefined) model.facts.push(made)
}

/** The sizes that the rows of a table give for their things. */
export function readRowFacts(model: Model, read: ReadTable, names: Names): void {
  const rows = read.table.rows.flatMap((row) => {
    const own = rowEntity(read, row, names)
    return own === undefined ? [] : [{ row, id: own.id }]
  })
  const counts = new Map<string, number>()
  for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1)
  const modes = read.columns.flatMap(({ role }, index) => (role === 'mode' ? [index] : []))
  for (const { row, id } of rows) {
    const sources = relationsOf(read, row).filter(({ relation }) => relation.type === 'powers')
    const parts = modes.map((column) => slugOf(textAt(row, column)))
    if ((counts.get(id) ?? 0) > 1)
      parts.push(...sources.flatMap(({ names: some }) => some.map((name) => names.idOf(name))))
    for (const [index, column] of read.columns.entries()) {
      const cell = row.cells[index]
      const named = column.role === 'value' || column.role === 'limit'
      const sized = column.role === 'quantity' || (named && column.unit !== undefined)
      const measure = sized ? measureOfCell(cell?.text ?? '', column.unit) : undefined
      if (!sized || measure === undefined || cell === undefined) continue
      const words = column.role === 'limit' ? ['limit'] : named ? boundWords(column.bound) : []
      const parameter =
        column.role === 'quantity' ? column.parameter : parameterOf(words, measure.unit, { needsNoun: false })
      if (parameter === undefined) continue
      addFact(model, {
        entity: id,
        parameter,
        measure,
        condition: parts.filter((part) => part !== '').join(' '),
        origin: 'design',
        table: read.table,
        place: { document: read.document.path, line: cell.line },
      })
    }
  }
}

const boundWords = (bound: 'lower' | 'upper' | undefined): string[] =>
  bound === undefined ? [] : [bound === 'lower' ? 'min' : 'max']

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
  const { value: _, ...rest } = least.measure
  const range: Size = { ...least, column: { role: 'value' }, measure: { ...rest, lower, upper } }
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
      const extra = column.role === 'limit' ? ['limit'] : boundWords(column.bound)
      const parameter = parameterOf([...extra, ...words], measure.unit, { needsNoun: true })
      const place = { document: document.path, line }
      if (parameter !== undefined)
        addFact(model, { entity, parameter, measure, condition: '', origin: 'design', table, place })
    }
  }
}
