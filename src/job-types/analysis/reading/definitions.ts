import { idFamily, isSignalName, isTotal, slugOf, tokensOf } from '../language/names.ts'
import type { ParsedDocument, Section, TableRow } from '../parse/types.ts'
import type { EntityKind } from './columns.ts'
import { type Entity, type Model, type Place, strengths } from './model.ts'
import { isAside, isTestReport } from './sections.ts'
import { columnOf, kindOfDesignator, kindOfWords, rowName, type TableShape, textAt } from './shapes.ts'

/** First pass: which things there are, by the rows and headings that define them. */

const headingNoun =
  /\b(subsystem|system|unit|controller|assembly|module|converter|pump|valve|sensor|motor|heater|battery|bus|rail|channel|actuator|computer|panel|radiator|manifold|reservoir|accumulator|amplifier|receiver|transmitter|antenna|display|gateway|inverter|charger|terminal)$/i
const headingStop =
  /^(?:the |a |an )?(?:general|overall|test|power supply|data|scope|purpose|system|control|other|mechanical|electrical|thermal|external|internal|input|output)(?: (?:system|unit|bus|interfaces?))?$/i

export function addEntity(
  model: Pick<Model, 'entities'>,
  entity: Omit<Entity, 'id' | 'notes'> & { notes?: string[] },
): Entity {
  const id = slugOf(entity.name)
  const notes = (entity.notes ?? []).filter((note) => note !== '')
  const known = model.entities.get(id)
  if (known === undefined) {
    const made = { ...entity, id, notes: [...new Set(notes)] }
    model.entities.set(id, made)
    return made
  }
  if (entity.strength > known.strength) {
    known.strength = entity.strength
    known.name = entity.name
    known.kind = entity.kind
    known.noun = entity.noun || known.noun
    known.place = entity.place
  }
  for (const note of notes) if (known.notes.length < 6 && !known.notes.includes(note)) known.notes.push(note)
  return known
}

/** The title without its number: `3.2 Connector J1 – power input`. */
function headingEntity(
  title: string,
): { name: string; kind: EntityKind; noun: string; note: string } | undefined {
  const text = title.replace(/^\d+(?:\.\d+)*\.?\s+/, '').trim()
  const [head = '', ...rest] = text.split(/\s+[–—-]\s+|:\s+|\s+\(/)
  const note = rest.join(' ').replace(/\)$/, '')
  const tokens = tokensOf(head)
  const designated = tokens
    .slice(0, 3)
    .find(({ token }) => kindOfDesignator(token) !== undefined || isSignalName(token))
  if (designated !== undefined) {
    const before = head.slice(0, designated.start)
    const after = head.slice(designated.end).trim()
    if (before.trim() !== '' && kindOfWords(before) === undefined) return undefined
    const kind = kindOfWords(before) ?? kindOfDesignator(designated.token) ?? 'COMPONENT'
    return { name: designated.token, kind, noun: before.trim().toLowerCase(), note: note || after }
  }
  const noun = headingNoun.exec(head)?.[1]?.toLowerCase()
  if (
    noun === undefined ||
    tokens.length < 2 ||
    tokens.length > 5 ||
    headingStop.test(head) ||
    !/^[A-Z]/.test(head)
  )
    return undefined
  if (/\b(?:and|or|of|for|to|with|per|by|from)\b/i.test(head)) return undefined
  const kind =
    noun === 'subsystem' || noun === 'system'
      ? 'SUBSYSTEM'
      : noun === 'bus'
        ? 'INTERFACE'
        : noun === 'rail'
          ? 'RESOURCE'
          : 'COMPONENT'
  return { name: head, kind, noun, note }
}

/** The thing that a section is about: the nearest heading that names one. */
export function sectionEntity(
  model: Pick<Model, 'entities'>,
  section: Section | undefined,
): string | undefined {
  for (let current = section; current !== undefined; current = current.parent) {
    const named = headingEntity(current.title)
    const id = named === undefined ? undefined : slugOf(named.name)
    if (id !== undefined && model.entities.has(id)) return id
  }
  return undefined
}

export function defineFromHeadings(model: Model, document: ParsedDocument): void {
  if (isTestReport(document)) return
  for (const section of document.sections) {
    const named = isAside(section) ? undefined : headingEntity(section.title)
    if (named === undefined || idFamily(named.name)?.family.includes('REQ') === true) continue
    addEntity(model, {
      ...named,
      strength: strengths.heading,
      place: { document: document.path, line: section.line },
      notes: [named.note],
    })
  }
}

function kindOfRow(shape: TableShape, row: TableRow, name: string): { kind: EntityKind; noun: string } {
  const column = shape.columns[shape.primary]
  if (column?.role === 'entity') return { kind: column.kind, noun: column.noun }
  const type = shape.table.headers.findIndex((header) => /^(?:type|kind|category)$/i.test(header.trim()))
  const typeText = type < 0 ? '' : textAt(row, type)
  const kind =
    kindOfWords(typeText) ??
    kindOfDesignator(name) ??
    kindOfWords(shape.table.section?.title ?? '') ??
    'COMPONENT'
  return { kind, noun: typeText.split(/\s+/).length <= 3 ? typeText.toLowerCase() : '' }
}

function noteColumns(shape: TableShape): number[] {
  return shape.columns.flatMap((column, index) =>
    index !== shape.primary && (column.role === 'name' || column.role === 'text') ? [index] : [],
  )
}

function rowContent(shape: TableShape, row: TableRow): string {
  return row.cells
    .filter((_, index) => index !== shape.primary)
    .map(({ text }) => text.trim().toLowerCase())
    .join('|')
}

function defineRow(model: Model, shape: TableShape, row: TableRow): void {
  const name = rowName(shape, row)
  if (name === undefined || isTotal(name)) return
  const place: Place = { document: shape.document.path, line: row.cells[shape.primary]?.line ?? row.line }
  const inResults = shape.kind === 'tests' || isTestReport(shape.document)
  addEntity(model, {
    name,
    ...kindOfRow(shape, row, name),
    strength: inResults ? strengths.mentioned : strengths.row,
    place,
    notes: noteColumns(shape).map((index) => textAt(row, index)),
  })
  if (!inResults)
    model.definitions.push({
      id: slugOf(name),
      name,
      table: shape.table,
      content: rowContent(shape, row),
      place,
    })
}

/** The connector that a pin table is about: a column of its rows, or the section's thing. */
export function connectorOf(model: Model, shape: TableShape, row: TableRow): string | undefined {
  const column = shape.columns.findIndex((found) => found.role === 'entity' && found.kind === 'INTERFACE')
  if (column >= 0) return textAt(row, column) === '' ? undefined : slugOf(textAt(row, column))
  return sectionEntity(model, shape.table.section)
}

export function signalColumn(shape: TableShape): number {
  const signal = shape.columns.findIndex((column) => column.role === 'entity' && column.kind === 'SIGNAL')
  return signal >= 0 ? signal : columnOf(shape, 'text')
}

function definePins(model: Model, shape: TableShape): void {
  const column = signalColumn(shape)
  const notes = shape.columns.flatMap((found, index) =>
    found.role === 'text' && index !== column ? [index] : [],
  )
  for (const row of shape.table.rows) {
    const text = textAt(row, column)
    if (
      !isSignalName(text) &&
      !(
        shape.columns[column]?.role === 'entity' &&
        /^[A-Z][A-Z0-9_+/-]+$/.test(text) &&
        rowName({ ...shape, primary: column }, row) !== undefined
      )
    )
      continue
    addEntity(model, {
      name: text,
      kind: 'SIGNAL',
      noun: 'signal',
      strength: strengths.row,
      place: { document: shape.document.path, line: row.cells[column]?.line ?? row.line },
      notes: notes.map((index) => textAt(row, index)),
    })
  }
  const connectors = shape.columns.findIndex((found) => found.role === 'entity' && found.kind === 'INTERFACE')
  if (connectors < 0) return
  for (const row of shape.table.rows) {
    const name = rowName({ ...shape, primary: connectors }, row)
    if (name !== undefined)
      addEntity(model, {
        name,
        kind: 'INTERFACE',
        noun: 'connector',
        strength: strengths.mentioned,
        place: { document: shape.document.path, line: row.line },
      })
  }
}

export function defineFromTables(model: Model): void {
  for (const shape of model.shapes) {
    if (shape.kind === 'pins') definePins(model, shape)
    else if (shape.kind === 'entities') for (const row of shape.table.rows) defineRow(model, shape, row)
  }
}

/** Things that rows name beside their own: the rail, load or connector of a row. Known before sentences are read. */
export function defineFromReferences(model: Model): void {
  for (const shape of model.shapes) {
    if (shape.kind === 'requirements' || shape.kind === 'matrix' || shape.kind === 'parameters') continue
    for (const [index, column] of shape.columns.entries()) {
      if (column.role !== 'entity' || (index === shape.primary && shape.kind === 'entities')) continue
      if (column.noun === 'unit' || column.noun === 'item' || column.noun === 'system') continue
      for (const row of shape.table.rows) {
        const name = rowName({ ...shape, primary: index }, row)
        if (name === undefined || isTotal(name) || row.cells.some(({ text }) => isTotal(text))) continue
        // "CH1, CH2" and "J2 pin 4" are places that name several things, not a thing.
        if (/[,;/&]|\band\b|\bpins?\b|\d\s*(?:-|–|to)\s*[A-Z]*\d/.test(name)) continue
        addEntity(model, {
          name,
          kind: column.kind,
          noun: column.noun,
          strength: strengths.mentioned,
          place: { document: shape.document.path, line: row.cells[index]?.line ?? row.line },
        })
      }
    }
  }
}
