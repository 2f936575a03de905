import { findMeasures, measureOfCell } from '../language/measures.ts'
import { isName, isTotal, slugOf, splitList } from '../language/names.ts'
import type { Section, TableRow } from '../parse/types.ts'
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

/** Rows that claim to be a sum, with the sums that they may mean: of all, of their group, since the last total. */
export function readTotals(model: Model, { document, table, columns }: ReadTable): void {
  if (table.headers.some((header) => weighted.test(header))) return
  const counted = columns.findIndex(({ role }) => role === 'count')
  for (const [index, column] of columns.entries()) {
    const header = table.headers[index] ?? ''
    const adds =
      column.role === 'quantity'
        ? additive.test(column.parameter.noun)
        : /\b(?:cost|price|amount|hours|qty|quantity)\b/i.test(header)
    if (!adds) continue
    const unit =
      column.role === 'quantity' ? column.unit : { symbol: '', dimension: '', factor: 1, offset: 0 }
    const above: { row: TableRow; value: number; count: number; part: number }[] = []
    let part = 0
    for (const row of table.rows) {
      const label = row.cells.find(({ text }) => text !== '')?.text ?? ''
      const measure = measureOfCell(textAt(row, index), unit)
      const count =
        findMeasures(textAt(row, counted), { symbol: '', dimension: '', factor: 1, offset: 0 })[0]?.value ?? 1
      if (!isTotal(label)) {
        if (measure?.value !== undefined && isName(label))
          above.push({ row, value: measure.value, count, part })
        continue
      }
      const claim = row.cells.map(({ text }) => text).join(' ')
      const slug = `-${slugOf(claim)}-`
      const grouped = above.filter(({ row: one }) =>
        one.cells.some(
          ({ text }, at) =>
            columns[at]?.role !== 'quantity' && isName(text) && slug.includes(`-${slugOf(text)}-`),
        ),
      )
      const sets = [above, above.filter((one) => one.part === part), ...(grouped.length > 0 ? [grouped] : [])]
      part += 1
      if (
        measure?.value === undefined ||
        above.length < 2 ||
        /margin|%|excl|incl|worst|average|peak|duty|max/i.test(claim)
      )
        continue
      model.totals.push({
        label,
        column: header,
        claimed: measure,
        sums: sets.flatMap((set) => [
          sum(set.map(({ value }) => value)),
          sum(set.map(({ value, count: n }) => value * n)),
        ]),
        place: { document: document.path, line: row.line },
      })
    }
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
