import { findMeasures, measureOfCell } from '../language/measures.ts'
import { isName, isTotal, slugOf, splitList } from '../language/names.ts'
import type { TableRow } from '../parse/types.ts'
import type { Lexicon, Names } from './lexicon.ts'
import { addEntity, addLink, type EntityKind, type Model } from './model.ts'
import { columnOf, type ReadTable, textAt } from './shapes.ts'
import { rowEntity, subjectOf } from './tables.ts'

/** Who assigns which signal to which pin. */
export function readPins(model: Model, read: ReadTable, names: Names, lexicon: Lexicon): void {
  const byKind = (kind: EntityKind): number =>
    read.columns.findIndex((column) => column.role === 'entity' && column.kind === kind)
  const [connectorColumn, signalColumn] = [byKind('INTERFACE'), byKind('SIGNAL')]
  const signals = signalColumn >= 0 ? signalColumn : columnOf(read, 'name', 'text')
  for (const row of read.table.rows) {
    const connector =
      connectorColumn < 0 ? subjectOf(read.table.section, lexicon) : names.idOf(textAt(row, connectorColumn))
    const signal = textAt(row, signals)
    if (connector === undefined || connector === '' || signal === '') continue
    const place = { document: read.document.path, line: row.line }
    for (const pin of splitList(textAt(row, columnOf(read, 'pin'))))
      if (/^\w{1,6}$/.test(pin)) model.pins.push({ connector, pin, signal, place })
    addEntity(model, {
      id: connector,
      name: textAt(row, connectorColumn) || connector,
      kind: 'INTERFACE',
      description: '',
      place,
      weight: 1,
    })
    if (!isName(signal) || signal.split(/\s+/).length > 4) continue
    const id = names.idOf(signal)
    addEntity(model, { id, name: names.nameOf(signal), kind: 'SIGNAL', description: '', place, weight: 2 })
    addLink(model, { type: 'carries', from: connector, to: id, place })
  }
}

export function readPartNumbers(model: Model, read: ReadTable, names: Names): void {
  const column = columnOf(read, 'part')
  if (column < 0) return
  for (const row of read.table.rows) {
    const [own, text] = [rowEntity(read, row, names), textAt(row, column)]
    const place = { document: read.document.path, line: row.cells[column]?.line ?? row.line }
    if (own !== undefined && isName(text)) model.partNumbers.push({ entity: own.id, text, place })
  }
}

const additive = /^(?:current|power|mass|energy|rate)$/

/** Rows that claim to be a sum, with the sums that they may mean: of all, of their group, since the last total. */
export function readTotals(model: Model, { document, table, columns }: ReadTable): void {
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
      if (measure?.value === undefined || above.length < 2 || /margin|%|excl|incl|worst/i.test(claim))
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
