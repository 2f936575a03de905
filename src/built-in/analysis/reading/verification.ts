import { findMeasures, measureOfCell } from '../language/measures.ts'
import { idsIn, splitLeadingId } from '../language/names.ts'
import { type Unit, unitOf } from '../language/units.ts'
import type { ParsedDocument, Statement, TableRow } from '../parse/types.ts'
import { isVerdict } from './columns.ts'
import type { Model, Requirement, TestResult, Verdict } from './model.ts'
import { isAside, isTestReport } from './sections.ts'
import { columnOf, obligation, type ReadTable, textAt } from './shapes.ts'

/** What a word of a result column means; undefined for words that are no verdict. */
export function verdictOf(text: string): Verdict | undefined {
  if (!isVerdict(text) || /^n\/?a\b/i.test(text)) return undefined
  if (/^(?:fail|nok|not (?:ok|met|compliant|satisfied|passed)|non-?compliant|[✗✘❌])/iu.test(text))
    return 'fail'
  return /^(?:pass|ok|compliant|verified|met|satisfied|success|[✓✔✅])/iu.test(text) ? 'pass' : 'open'
}

/** A requirement with the sentence that says it. */
export interface StatedRequirement extends Requirement {
  statement: Statement
}

function fromStatements(document: ParsedDocument): StatedRequirement[] {
  const found: StatedRequirement[] = []
  const headed = new Set<object>()
  for (const statement of document.statements) {
    const { section, text, line } = statement
    if (isAside(section)) continue
    const method = /^verification(?: method)?:\s*(.{1,80})$/i.exec(text)?.[1]
    const last = found.at(-1)
    if (method !== undefined && last !== undefined) last.method ??= method
    if (!obligation.test(text)) continue
    const place = { document: document.path, line }
    const own = splitLeadingId(text)
    // "### REQ-4 Hold-up time", then a paragraph: the first obligation under such a heading is its text.
    const heading =
      own ?? (section === undefined || headed.has(section) ? undefined : splitLeadingId(section.title))
    if (heading === undefined) continue
    if (own === undefined && section !== undefined) headed.add(section)
    const said = own?.rest ?? text
    const shift = text.length - said.length
    const lineStarts = statement.lineStarts.map((start) => ({
      ...start,
      offset: Math.max(0, start.offset - shift),
    }))
    found.push({
      id: heading.id,
      text: said,
      method: undefined,
      place,
      statement: { ...statement, text: said, lineStarts },
    })
  }
  return found
}

const methodHeader = /^(?:T|A|I|D|R|S|test|analysis|inspection|demonstration|review|similarity)$/i
const mark = /^(?:x|✓|✔|•|yes|y)$/i

function fromTable(read: ReadTable): StatedRequirement[] {
  const [ids, methods] = [columnOf(read, 'requirement', 'id'), columnOf(read, 'method')]
  return read.table.rows.flatMap((row) => {
    const [id] = idsIn(textAt(row, ids))
    if (id === undefined) return []
    const obliging = row.cells.findIndex(({ text }) => obligation.test(text))
    const column = obliging >= 0 ? obliging : columnOf(read, 'text', 'name')
    const text = textAt(row, column)
    const line = row.cells[column]?.line ?? row.line
    const statement = { text, line, lineStarts: [{ offset: 0, line }], section: read.table.section }
    const place = { document: read.document.path, line: row.cells[ids]?.line ?? row.line }
    const marked = read.table.headers.filter(
      (header, index) => methodHeader.test(header) && mark.test(textAt(row, index)),
    )
    const method = textAt(row, methods) || marked.join(', ') || undefined
    return [{ id, text, method, place, statement }]
  })
}

/** Requirements with an id, wherever documents state them: tables, lists, paragraphs, headings. */
export function readRequirements(
  document: ParsedDocument,
  tables: readonly ReadTable[],
): StatedRequirement[] {
  const stated = isTestReport(document) ? [] : fromStatements(document)
  return [...stated, ...tables.filter(({ shape }) => shape === 'requirements').flatMap(fromTable)]
}

/** The unit that a row names for its numbers: in a column of units, or in its limit. */
function unitOfRow(read: ReadTable, row: TableRow): Unit | undefined {
  const own = unitOf(textAt(row, columnOf(read, 'unit')))
  if (own !== undefined) return own
  return read.columns
    .flatMap((column, index) =>
      column.role === 'limit' || column.role === 'measured' || column.role === 'value'
        ? findMeasures(textAt(row, index), column.unit).map(({ unit }) => unit)
        : [],
    )
    .at(0)
}

function criterionOf(read: ReadTable, row: TableRow, unit: Unit | undefined): TestResult['criterion'] {
  const found: NonNullable<TestResult['criterion']> = { dimension: '' }
  for (const [index, column] of read.columns.entries()) {
    if (column.role !== 'limit' && !(column.role === 'value' && column.bound !== undefined)) continue
    const measures = findMeasures(textAt(row, index), column.unit ?? unit)
    const [measure] = measures
    if (measure === undefined || measures.length !== 1) continue
    const { value, lower, upper } = measure
    if (column.role === 'value') found[column.bound ?? 'upper'] = value ?? lower ?? upper ?? 0
    else Object.assign(found, lower === undefined ? {} : { lower }, upper === undefined ? {} : { upper })
    found.dimension = measure.unit.dimension
  }
  return found.lower === undefined && found.upper === undefined ? undefined : found
}

function testOfRow(read: ReadTable, row: TableRow): TestResult | undefined {
  const [key, requirements, verdicts, measures] = [
    columnOf(read, 'test', 'id'),
    columnOf(read, 'requirement'),
    columnOf(read, 'verdict'),
    columnOf(read, 'measured'),
  ]
  const unit = unitOfRow(read, row)
  const column = read.columns[measures]
  const measured = measureOfCell(
    textAt(row, measures),
    (column?.role === 'measured' ? column.unit : undefined) ?? unit,
  )
  const verdictText = textAt(row, verdicts)
  const verdict = verdictOf(verdictText)
  if (verdict === undefined && measured === undefined) return undefined
  const stated = read.shape === 'requirements'
  // A list of requirements may say which are shown; what is open there is the requirement itself.
  if (stated && verdict === 'open') return undefined
  const [id] = stated ? idsIn(textAt(row, columnOf(read, 'test'))) : idsIn(textAt(row, key))
  const names = ['name', 'text', 'parameter', 'other'] as const
  const title = read.columns.findIndex(
    ({ role }, index) => names.some((name) => name === role) && index !== key,
  )
  // Without a column of their own, requirements are named somewhere in the row.
  const where = requirements >= 0 ? textAt(row, requirements) : row.cells.map(({ text }) => text).join(' ; ')
  const line = row.cells[verdicts >= 0 ? verdicts : measures]?.line ?? row.line
  return {
    id,
    title: textAt(row, title) || textAt(row, key),
    requirements: stated
      ? idsIn(textAt(row, columnOf(read, 'requirement', 'id'))).slice(0, 1)
      : idsIn(where).filter((one) => one !== id || requirements >= 0),
    verdict,
    verdictText,
    measured,
    criterion: criterionOf(read, row, unit),
    place: { document: read.document.path, line },
  }
}

export function readTests(model: Model, read: ReadTable): void {
  const { shape, table } = read
  if (shape === 'tests' || shape === 'requirements')
    for (const row of table.rows) {
      const test = testOfRow(read, row)
      if (test !== undefined) model.tests.push(test)
    }
  const [ids, column] = [columnOf(read, 'requirement', 'id'), columnOf(read, 'method')]
  if (shape !== 'coverage' || column < 0) return
  const methods = new Map(
    table.rows.flatMap((row) => idsIn(textAt(row, ids)).map((id) => [id, textAt(row, column)])),
  )
  for (const requirement of model.requirements) requirement.method ??= methods.get(requirement.id)
}
