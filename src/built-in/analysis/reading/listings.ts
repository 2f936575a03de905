import { measureOfCell } from '../language/measures.ts'
import { isName, isTotal, slugOf, splitList } from '../language/names.ts'
import type { Unit } from '../language/units.ts'
import type { Section, TableRow } from '../parse/types.ts'
import type { Column } from './columns.ts'
import type { Lexicon, Names } from './lexicon.ts'
import { addEntity, addLink, type EntityKind, type Model } from './model.ts'
import { columnOf, type ReadTable, textAt } from './shapes.ts'

/** The connector that a pin table is of; "J1 of the radio" is another one than the J1 of the modem. */
function connectorOf(section: Section | undefined, lexicon: Lexicon, model: Model) {
  for (let at = section; at !== undefined; at = at.parent) {
    const ids = [...new Set(lexicon.mentions(at.title).map(({ id }) => id))]
    const connector = ids.find((id) => model.entities.get(id)?.kind === 'INTERFACE')
    if (connector !== undefined) return { connector, owner: ids.filter((id) => id !== connector).join(' ') }
  }
  return undefined
}

/** Who assigns which signal to which pin. */
export function readPins(model: Model, read: ReadTable, names: Names, lexicon: Lexicon): void {
  const byKind = (kind: EntityKind): number =>
    read.columns.findIndex((column) => column.role === 'entity' && column.kind === kind)
  const [connectors, named] = [byKind('INTERFACE'), byKind('SIGNAL')]
  const signals = named >= 0 ? named : columnOf(read, 'name', 'text')
  const titled = connectorOf(read.table.section, lexicon, model)
  for (const row of read.table.rows) {
    const cell = textAt(row, connectors)
    const signal = textAt(row, signals)
    const { connector, owner } = connectors < 0 ? (titled ?? {}) : { connector: names.idOf(cell), owner: '' }
    if (connector === undefined || owner === undefined || connector === '' || signal === '') continue
    const place = { document: read.document.path, line: row.line }
    for (const pin of splitList(textAt(row, columnOf(read, 'pin'))))
      if (/^\w{1,6}$/.test(pin)) model.pins.push({ connector, owner, pin, signal, place })
    if (connectors >= 0)
      addEntity(model, { id: connector, name: cell, kind: 'INTERFACE', description: '', place, weight: 1 })
    if (!isName(signal) || signal.split(/\s+/).length > 4) continue
    const id = names.idOf(signal)
    addEntity(model, { id, name: names.nameOf(signal), kind: 'SIGNAL', description: '', place, weight: 2 })
    addLink(model, { type: 'carries', from: connector, to: id, place })
  }
}

const additive = /^(?:current|power|mass|energy)$/
const weighted = /\b(?:duty|factor|margin|contingency|utili[sz]ation|probability)\b/i

const countable = /\b(?:cost|price|amount|hours|qty|quantity)\b/i
/** Totals of something else than the plain sum of the rows. */
const otherTotal = /margin|%|excl|incl|worst|average|peak|duty|max/i
const bare: Unit = { symbol: '', dimension: '', factor: 1, offset: 0 }

interface Summand {
  row: TableRow
  value: number
  count: number
  /** How many totals stand above it. */
  part: number
}

/** The sums that a total may mean: of all rows, of those since the last total, of those that its text names. */
function sumsFor(
  total: TableRow,
  above: readonly Summand[],
  part: number,
  columns: readonly Column[],
): number[] {
  const claim = `-${slugOf(total.cells.map(({ text }) => text).join(' '))}-`
  const isNamed = ({ row }: Summand): boolean =>
    row.cells.some(
      ({ text }, at) =>
        columns[at]?.role !== 'quantity' && isName(text) && claim.includes(`-${slugOf(text)}-`),
    )
  const sets = [above, above.filter((one) => one.part === part), above.filter(isNamed)]
  return sets
    .filter((set) => set.length > 0)
    .flatMap((set) => [
      set.reduce((sum, { value }) => sum + value, 0),
      set.reduce((sum, { value, count }) => sum + value * count, 0),
    ])
}

/** Rows that claim to be a sum. A column with a cell that is no number has no sum. */
export function readTotals(model: Model, { document, table, columns }: ReadTable): void {
  if (table.headers.some((header) => weighted.test(header))) return
  const counts = columns.findIndex(({ role }) => role === 'count')
  for (const [index, column] of columns.entries()) {
    const isQuantity = column.role === 'quantity'
    const header = table.headers[index] ?? ''
    if (isQuantity ? !additive.test(column.parameter.noun) : !countable.test(header)) continue
    const above: Summand[] = []
    let part = 0
    for (const row of table.rows) {
      const label = row.cells.find(({ text }) => text !== '')?.text ?? ''
      const size = measureOfCell(textAt(row, index), isQuantity ? column.unit : bare)
      if (isTotal(label)) {
        const text = row.cells.map((cell) => cell.text).join(' ')
        const place = { document: document.path, line: row.line }
        if (size?.value !== undefined && above.length > 1 && !otherTotal.test(text))
          model.totals.push({
            label,
            column: header,
            claimed: size,
            sums: sumsFor(row, above, part, columns),
            place,
          })
        part += 1
      } else if (size?.value !== undefined && isName(label)) {
        const count = measureOfCell(textAt(row, counts), bare)?.value ?? 1
        above.push({ row, value: size.value, count, part })
      } else if (/\w/.test(textAt(row, index))) break
    }
  }
}
