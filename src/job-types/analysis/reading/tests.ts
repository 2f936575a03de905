import { findMeasures, type Measure, measureOfCell } from '../language/measures.ts'
import { idFamily, idsIn } from '../language/names.ts'
import type { Unit } from '../language/units.ts'
import { unitOf } from '../language/units.ts'
import type { ParsedDocument, Section, TableRow } from '../parse/types.ts'
import { isVerdict } from './columns.ts'
import type { Model, TestRecord, VerdictKind } from './model.ts'
import { splitLeadingId } from './requirements.ts'
import { isAside, isTestReport } from './sections.ts'
import { columnOf, type TableShape, textAt } from './shapes.ts'
import { asWritten } from './tables.ts'

/** What a word of a result column means; undefined for words that are no verdict. */
export function verdictOf(text: string): { kind: VerdictKind; text: string } | undefined {
  const word = text.trim().replace(/^[*_`\s]+/, '')
  if (!isVerdict(word) || /^n\/?a\b/i.test(word)) return undefined
  if (/^(?:fail|nok|not ok|non-?compliant)/i.test(word)) return { kind: 'fail', text: word }
  if (/^(?:marginal|pass with|conditional|partial)/i.test(word) || /\bmarginal\b/i.test(word))
    return { kind: 'marginal', text: word }
  if (/^(?:not |open|blocked|inconclusive|skipped|pending|deferred)/i.test(word))
    return { kind: 'open', text: word }
  return { kind: 'pass', text: word }
}

function requirementIds(text: string, own: string | undefined): string[] {
  return [...new Set(idsIn(text).map(({ token }) => token))].filter(
    (token) => token !== own && idFamily(token) !== undefined,
  )
}

function boundsOf(measure: Measure | undefined, text: string): TestRecord['criterion'] {
  if (measure === undefined || (measure.lower === undefined && measure.upper === undefined)) return undefined
  return {
    ...(measure.lower === undefined ? {} : { lower: measure.lower }),
    ...(measure.upper === undefined ? {} : { upper: measure.upper }),
    text,
  }
}

function criterionOfRow(shape: TableShape, row: TableRow, unit: Unit | undefined): TestRecord['criterion'] {
  let lower: number | undefined
  let upper: number | undefined
  const texts: string[] = []
  for (const [index, column] of shape.columns.entries()) {
    if (column.role !== 'criterion') continue
    const text = textAt(row, index)
    const measure = findMeasures(text, column.unit ?? unit)[0]
    if (measure === undefined || findMeasures(text, column.unit ?? unit).length > 1) continue
    if (column.bound === 'lower') lower = measure.value ?? measure.lower
    else if (column.bound === 'upper') upper = measure.value ?? measure.upper
    else {
      lower = measure.lower ?? lower
      upper = measure.upper ?? upper
    }
    texts.push(
      column.bound === undefined
        ? text
        : `${column.bound === 'lower' ? 'at least' : 'at most'} ${asWritten(text, column.unit ?? unit, measure)}`,
    )
  }
  if (lower === undefined && upper === undefined) return undefined
  return {
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
    text: texts.join(', '),
  }
}

/** The unit that a row's criterion names, for a measured number that names none. */
function unitOfRow(shape: TableShape, row: TableRow): Unit | undefined {
  const column = columnOf(shape, 'unit')
  if (column >= 0) return unitOf(textAt(row, column))
  for (const [index, found] of shape.columns.entries())
    if (found.role === 'criterion' || found.role === 'measured') {
      const measure = findMeasures(textAt(row, index), found.unit)[0]
      if (measure !== undefined) return measure.unit
    }
  return undefined
}

function testOfRow(shape: TableShape, row: TableRow): TestRecord | undefined {
  const [idColumn, requirementColumn, verdictColumn, measuredColumn] = [
    columnOf(shape, 'test'),
    columnOf(shape, 'requirement'),
    columnOf(shape, 'verdict'),
    columnOf(shape, 'measured'),
  ]
  const key = idColumn >= 0 ? idColumn : columnOf(shape, 'identifier')
  const ids = idsIn(textAt(row, key)).filter(({ token }) => idFamily(token) !== undefined)
  const id = key >= 0 && textAt(row, key).length < 80 ? ids[0]?.token : undefined
  const unit = unitOfRow(shape, row)
  const measuredText = textAt(row, measuredColumn)
  const measuredDefault = shape.columns[measuredColumn]
  const measuredUnit = (measuredDefault?.role === 'measured' ? measuredDefault.unit : undefined) ?? unit
  const measure = measuredColumn < 0 ? undefined : measureOfCell(measuredText, measuredUnit)
  const verdict = verdictColumn < 0 ? undefined : verdictOf(textAt(row, verdictColumn))
  if (verdict === undefined && measure === undefined) return undefined
  const line = row.cells[verdictColumn >= 0 ? verdictColumn : Math.max(measuredColumn, 0)]?.line ?? row.line
  const titleColumn = shape.columns.findIndex(
    (column, index) =>
      index !== key &&
      ['name', 'text', 'parameter', 'other', 'test'].includes(column.role) &&
      textAt(row, index) !== '',
  )
  const keyText =
    id === undefined
      ? textAt(row, key)
      : textAt(row, key)
          .replace(id, '')
          .replace(/^[\s:–—-]+/, '')
  const title = keyText !== '' ? keyText : textAt(row, titleColumn)
  // Without a column of their own, requirements are named in the row's text.
  const where =
    requirementColumn >= 0 ? textAt(row, requirementColumn) : row.cells.map(({ text }) => text).join(' ; ')
  return {
    id,
    title: title.length > 80 ? `${title.slice(0, 79)}…` : title,
    requirements: requirementIds(where, id),
    verdict,
    measured:
      measure === undefined
        ? undefined
        : {
            measure,
            text: asWritten(measuredText, measuredUnit, measure),
            place: { document: shape.document.path, line: row.cells[measuredColumn]?.line ?? row.line },
          },
    criterion: criterionOfRow(shape, row, unit),
    place: { document: shape.document.path, line },
  }
}

function fieldOf(text: string): { key: string; value: string } | undefined {
  const match = /^([A-Z][A-Za-z ()]{1,30}):\s*(.+)$/.exec(text.slice(0, 400))
  return match === null
    ? undefined
    : { key: (match[1] ?? '').toLowerCase().trim(), value: (match[2] ?? '').trim() }
}

/** A section such as "TC-07 Over-temperature", with `Requirement:`, `Limit:`, `Measured:` and `Result:` lines. */
function testOfSection(document: ParsedDocument, section: Section): TestRecord | undefined {
  const leading = splitLeadingId(
    `${section.title.replace(/^\d+(?:\.\d+)*\.?\s+/, '').replace(/^test(?: case)?\s+/i, '')} `,
  )
  if (leading === undefined) return undefined
  const record: TestRecord = {
    id: leading.id,
    title: leading.rest.replace(/^[\s:–—-]+/, ''),
    requirements: [],
    verdict: undefined,
    measured: undefined,
    criterion: undefined,
    place: { document: document.path, line: section.line },
  }
  for (const statement of document.statements) {
    if (statement.section !== section) continue
    const field = fieldOf(statement.text)
    if (field === undefined) continue
    if (/^(?:requirements?|verifies|covers|verified requirements?|traces? to)$/.test(field.key))
      record.requirements.push(...requirementIds(field.value, leading.id))
    else if (/^(?:result|verdict|status|outcome)$/.test(field.key) && record.verdict === undefined) {
      record.verdict = verdictOf(field.value)
      if (record.verdict !== undefined) record.place = { document: document.path, line: statement.line }
    } else if (/^(?:measured|measured value|actual|actual value|observed)$/.test(field.key)) {
      const measures = findMeasures(field.value)
      const [measure] = measures
      if (measure !== undefined && measures.length === 1)
        record.measured = {
          measure,
          text: field.value.replace(/\.$/, ''),
          place: { document: document.path, line: statement.line },
        }
    } else if (
      /^(?:limit|criterion|pass criterion|acceptance criterion|expected|acceptance|required)$/.test(field.key)
    ) {
      const measures = findMeasures(field.value)
      if (measures.length === 1) record.criterion = boundsOf(measures[0], field.value.replace(/\.$/, ''))
    }
  }
  return record.verdict === undefined && record.measured === undefined ? undefined : record
}

/** Results that documents record, in tables and in sections, and tests that they only name. */
export function readTests(model: Model): void {
  for (const shape of model.shapes) {
    if (shape.kind === 'tests')
      for (const row of shape.table.rows) {
        const test = testOfRow(shape, row)
        if (test !== undefined) model.tests.push(test)
      }
    if (shape.kind === 'matrix' || shape.kind === 'requirements') readPlanned(model, shape)
  }
  for (const document of model.documents)
    for (const section of document.sections) {
      const test = isAside(section) || !isTestReport(document) ? undefined : testOfSection(document, section)
      if (test !== undefined) model.tests.push(test)
    }
}

function readPlanned(model: Model, shape: TableShape): void {
  const [tests, requirements] = [columnOf(shape, 'test'), columnOf(shape, 'requirement', 'identifier')]
  if (tests < 0 || requirements < 0) return
  for (const row of shape.table.rows)
    for (const requirement of requirementIds(textAt(row, requirements), undefined))
      for (const test of requirementIds(textAt(row, tests), undefined))
        model.planned.push({
          test,
          requirement,
          place: { document: shape.document.path, line: row.cells[tests]?.line ?? row.line },
        })
}
