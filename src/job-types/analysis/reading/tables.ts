import { findMeasures, type Measure, measureOfCell } from '../language/measures.ts'
import { idsIn, isTotal, slugOf } from '../language/names.ts'
import { parameterOf } from '../language/parameters.ts'
import { type Unit, unitOf } from '../language/units.ts'
import type { TableRow } from '../parse/types.ts'
import { type Column, readHeader } from './columns.ts'
import { connectorOf, sectionEntity, signalColumn } from './definitions.ts'
import { makeFact } from './facts.ts'
import type { Lexicon } from './lexicon.ts'
import type { Model, Place } from './model.ts'
import { isTestReport } from './sections.ts'
import { columnOf, rowName, type TableShape, textAt } from './shapes.ts'

/** Second pass over tables: sizes, relationships, pins. */

const single = new Set(['rail', 'power rail', 'supply rail', 'connector', 'power bus'])

function placeOf(shape: TableShape, row: TableRow, column: number): Place {
  return { document: shape.document.path, line: row.cells[column]?.line ?? row.line }
}

/** Things that a cell names: one whole, or the parts of a list. */
export function entitiesInCell(text: string, lexicon: Lexicon): string[] {
  const whole = lexicon.resolve(text)
  if (whole !== undefined) return [whole]
  return [...new Set(lexicon.mentions(text).map(({ id }) => id))]
}

interface Related {
  type: string
  from: string
  to: string
}

type EntityColumn = Extract<Column, { role: 'entity' }>

function relate(
  primary: string,
  kind: string,
  primaryNoun: string,
  other: string,
  column: EntityColumn,
): Related {
  const [self, there] = [primary, other]
  switch (column.kind) {
    case 'INTERFACE':
      return kind === 'SIGNAL'
        ? { type: 'carries', from: there, to: self }
        : { type: 'connects_to', from: self, to: there }
    case 'SIGNAL':
      return kind === 'INTERFACE'
        ? { type: 'carries', from: self, to: there }
        : { type: 'connects_to', from: self, to: there }
    case 'RESOURCE':
      return { type: 'powers', from: there, to: self }
    case 'SUBSYSTEM':
      return { type: 'contains', from: there, to: self }
    case 'COMPONENT': {
      if (column.noun === 'load' || column.noun === 'consumer')
        return { type: 'powers', from: self, to: there }
      if (primaryNoun === 'load' || primaryNoun === 'consumer')
        return { type: 'powers', from: there, to: self }
      if (column.noun === 'fuse' || column.noun === 'breaker')
        return { type: 'protects', from: there, to: self }
      if (column.noun === 'assembly') return { type: 'contains', from: there, to: self }
      return { type: 'connects_to', from: self, to: there }
    }
    default: {
      const unknown: never = column.kind
      return unknown
    }
  }
}

function readRelations(
  model: Model,
  shape: TableShape,
  row: TableRow,
  subject: string,
  lexicon: Lexicon,
): void {
  const entity = model.entities.get(subject)
  for (const [index, column] of shape.columns.entries()) {
    if (index === shape.primary || (column.role !== 'entity' && column.role !== 'link')) continue
    const place = placeOf(shape, row, index)
    const others = entitiesInCell(textAt(row, index), lexicon).filter((other) => other !== subject)
    for (const other of others) {
      const relation =
        column.role === 'link'
          ? column.direction === 'to'
            ? { type: column.relationship, from: subject, to: other }
            : { type: column.relationship, from: other, to: subject }
          : relate(subject, entity?.kind ?? 'COMPONENT', entity?.noun ?? '', other, column)
      model.relationships.push({ ...relation, place })
    }
    const [only] = others
    if (column.role === 'entity' && single.has(column.noun) && others.length === 1 && only !== undefined)
      model.attributes.push({
        entity: subject,
        attribute: column.noun,
        value: only,
        place,
        table: shape.table,
      })
  }
}

function readCells(model: Model, shape: TableShape, row: TableRow, subject: string): void {
  for (const [index, column] of shape.columns.entries()) {
    const text = textAt(row, index)
    const place = placeOf(shape, row, index)
    if (column.role === 'part number' && /\d/.test(text))
      model.attributes.push({
        entity: subject,
        attribute: 'part number',
        value: text,
        place,
        table: shape.table,
      })
    if (column.role !== 'quantity') continue
    const measure = measureOfCell(text, column.unit)
    const fact =
      measure &&
      makeFact({
        entity: subject,
        parameter: column.parameter,
        measure,
        text: asWritten(text, column.unit, measure),
        condition: '',
        modality: 'stated',
        place,
        table: shape.table,
      })
    if (fact !== undefined) model.facts.push(fact)
  }
}

/** The cell with the unit that its header names. */
export function asWritten(text: string, unit: Unit | undefined, measure: Measure): string {
  return unit !== undefined && findMeasures(text).length === 0 ? `${text} ${measure.unit.symbol}` : text
}

function readPins(model: Model, shape: TableShape): void {
  const [pinColumn, column] = [columnOf(shape, 'pin'), signalColumn(shape)]
  for (const row of shape.table.rows) {
    const connector = connectorOf(model, shape, row)
    const text = textAt(row, column)
    if (connector === undefined || !model.entities.has(connector)) continue
    const signal = model.entities.get(slugOf(text))
    const place = placeOf(shape, row, column)
    for (const pin of textAt(row, pinColumn).split(/[,;/]\s*/))
      if (pin.trim() !== '')
        model.pins.push({ connector, pin: pin.trim(), signal: signal?.id ?? '', text, place })
    if (signal !== undefined)
      model.relationships.push({ type: 'carries', from: connector, to: signal.id, place })
  }
}

function parameterSubject(
  model: Model,
  shape: TableShape,
  row: TableRow,
  lexicon: Lexicon,
): string | undefined {
  const column = shape.columns.findIndex((found) => found.role === 'entity' || found.role === 'identifier')
  if (column >= 0) return lexicon.resolve(textAt(row, column))
  const section = sectionEntity(model, shape.table.section)
  if (section !== undefined) return section
  const title = shape.table.section?.title
  const named = title === undefined ? [] : [...new Set(lexicon.mentions(title).map(({ id }) => id))]
  return named.length === 1 ? named[0] : named.length === 0 ? slugOf(model.system) : undefined
}

/** Rows of `Parameter | Min | Value | Max | Unit`. */
function readParameters(model: Model, shape: TableShape, lexicon: Lexicon): void {
  const [parameterColumn, unitColumn] = [columnOf(shape, 'parameter'), columnOf(shape, 'unit')]
  for (const row of shape.table.rows) {
    const entity = parameterSubject(model, shape, row, lexicon)
    const header = readHeader(textAt(row, parameterColumn))
    if (entity === undefined || /\b(?:each|every|all|any|per)\b/i.test(textAt(row, parameterColumn))) continue
    const rowUnit = unitColumn < 0 ? header.unit : (unitOf(textAt(row, unitColumn)) ?? header.unit)
    for (const [index, column] of shape.columns.entries()) {
      if (column.role !== 'value' && column.role !== 'criterion') continue
      const measure = measureOfCell(textAt(row, index), column.unit ?? rowUnit)
      const parameter = measure && parameterOf(header.words, measure.unit, { needsNoun: false })
      if (measure === undefined || parameter === undefined) continue
      const bound = column.bound === 'upper' ? ['max'] : column.bound === 'lower' ? ['min'] : []
      const fact = makeFact({
        entity,
        parameter: { ...parameter, qualifiers: [...new Set([...parameter.qualifiers, ...bound])].sort() },
        measure,
        text: asWritten(textAt(row, index), column.unit ?? rowUnit, measure),
        condition: '',
        modality: column.role === 'criterion' && column.bound === undefined ? 'required' : 'stated',
        place: placeOf(shape, row, index),
        table: shape.table,
      })
      if (fact !== undefined) model.facts.push(fact)
    }
  }
}

const sumNouns = new Set(['current', 'power', 'mass'])

/** Columns whose sum makes sense, and rows that say what it is. */
function readTotals(model: Model, shape: TableShape): void {
  const labelOf = (row: TableRow): string | undefined =>
    row.cells.map(({ text }) => text.trim()).find((text) => text !== '')
  for (const [index, column] of shape.columns.entries()) {
    if (column.role !== 'quantity' || column.unit === undefined || !sumNouns.has(column.parameter.noun))
      continue
    let sinceTotal = 0
    let all = 0
    let rows = 0
    for (const row of shape.table.rows) {
      const measure = measureOfCell(textAt(row, index), column.unit)
      const label = labelOf(row) ?? ''
      const total = row.cells.find(({ text }) => isTotal(text))
      if (measure?.value === undefined) continue
      if (total === undefined) {
        sinceTotal += measure.value
        all += measure.value
        rows += 1
        continue
      }
      if (rows > 1) {
        const grand = /^grand/i.test(total.text.trim()) || sinceTotal === 0
        model.totals.push({
          label: total.text.trim() || label,
          column: shape.table.headers[index] ?? '',
          claimed: measure.value,
          sum: grand ? all : sinceTotal,
          unit: measure.unit,
          rounding: measure.rounding,
          place: placeOf(shape, row, index),
        })
      }
      sinceTotal = 0
    }
  }
}

/** Rows that draw current or power from a supply: one LoadTable for each such column. */
function readLoads(model: Model, shape: TableShape, lexicon: Lexicon): void {
  const supply = shape.columns.findIndex(
    (column, index) =>
      index !== shape.primary &&
      ((column.role === 'entity' && column.kind === 'RESOURCE') ||
        (column.role === 'link' && column.relationship === 'powers' && column.direction === 'from')),
  )
  const drawer = shape.columns.findIndex(
    (column, index) =>
      index !== supply &&
      ((column.role === 'entity' && column.kind === 'COMPONENT') || column.role === 'name'),
  )
  if (supply < 0 || drawer < 0) return
  for (const [index, column] of shape.columns.entries()) {
    if (column.role !== 'quantity' || column.unit === undefined) continue
    const { noun, qualifiers } = column.parameter
    if (
      (noun !== 'current' && noun !== 'power') ||
      qualifiers.some((word) =>
        ['limit', 'rated', 'budget', 'min', 'fuse', 'margin', 'quiescent', 'measured'].includes(word),
      )
    )
      continue
    const groups: Model['loads'][number]['groups'] = new Map()
    for (const row of shape.table.rows) {
      const measure = measureOfCell(textAt(row, index), column.unit)
      const amount = measure?.value ?? measure?.upper
      const [rail, more] = entitiesInCell(textAt(row, supply), lexicon)
      if (
        amount === undefined ||
        rail === undefined ||
        more !== undefined ||
        row.cells.some(({ text }) => isTotal(text))
      )
        continue
      const load = textAt(row, shape.primary >= 0 && shape.primary !== supply ? shape.primary : drawer)
      const rows = groups.get(rail) ?? []
      rows.push({ load, amount, text: textAt(row, index), place: placeOf(shape, row, index) })
      groups.set(rail, rows)
    }
    if (groups.size > 0)
      model.loads.push({
        document: shape.document.path,
        table: shape.table,
        parameter: column.parameter,
        unit: column.unit,
        groups,
      })
  }
}

/** Limits that a load table repeats on every row of a supply belong to the supply: `rail_budget_a`. */
function readSupplyLimits(model: Model, shape: TableShape, lexicon: Lexicon): Set<number> {
  const supply = shape.columns.findIndex(
    (column, index) => index !== shape.primary && column.role === 'entity' && column.kind === 'RESOURCE',
  )
  const used = new Set<number>()
  if (supply < 0) return used
  for (const [index, column] of shape.columns.entries()) {
    if (
      column.role !== 'quantity' ||
      !column.parameter.qualifiers.some((word) => word === 'rail' || word === 'bus' || word === 'supply')
    )
      continue
    used.add(index)
    const parameter = {
      ...column.parameter,
      qualifiers: column.parameter.qualifiers.filter(
        (word) => word !== 'rail' && word !== 'bus' && word !== 'supply',
      ),
    }
    const seen = new Set<string>()
    for (const row of shape.table.rows) {
      const measure = measureOfCell(textAt(row, index), column.unit)
      const [rail] = entitiesInCell(textAt(row, supply), lexicon)
      if (measure === undefined || rail === undefined || seen.has(`${rail} ${textAt(row, index)}`)) continue
      seen.add(`${rail} ${textAt(row, index)}`)
      const fact = makeFact({
        entity: rail,
        parameter,
        measure,
        text: asWritten(textAt(row, index), column.unit, measure),
        condition: '',
        modality: 'stated',
        place: placeOf(shape, row, index),
        table: shape.table,
      })
      if (fact !== undefined) model.facts.push(fact)
    }
  }
  return used
}

export function readTables(model: Model, lexicon: Lexicon): void {
  for (const shape of model.shapes) {
    if (shape.kind === 'pins') readPins(model, shape)
    if (shape.kind === 'parameters' && !isTestReport(shape.document)) readParameters(model, shape, lexicon)
    if (shape.kind !== 'entities' && shape.kind !== 'unknown') continue
    readTotals(model, shape)
    readLoads(model, shape, lexicon)
    if (shape.kind === 'unknown' || isTestReport(shape.document)) continue
    const supplyColumns = readSupplyLimits(model, shape, lexicon)
    const own: TableShape = {
      ...shape,
      columns: shape.columns.map((column, index) => (supplyColumns.has(index) ? { role: 'other' } : column)),
    }
    for (const row of shape.table.rows) {
      const name = rowName(shape, row)
      const subject = name === undefined || isTotal(name) ? undefined : lexicon.resolve(name)
      if (subject === undefined) continue
      readRelations(model, own, row, subject, lexicon)
      readCells(model, own, row, subject)
    }
  }
}

/** Ids that a cell names, such as requirements. */
export function idsOfCell(text: string): string[] {
  return idsIn(text).map(({ token }) => token)
}
