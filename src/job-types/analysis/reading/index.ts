import type { SourceDocument } from '../engine.ts'
import { slugOf } from '../language/names.ts'
import { parseDocument } from '../parse/index.ts'
import { lineAt, type ParsedDocument, type Statement } from '../parse/types.ts'
import { addEntity, defineFromHeadings, defineFromReferences, defineFromTables } from './definitions.ts'
import { createLexicon, findAbbreviations, type Lexicon } from './lexicon.ts'
import { type Model, type Place, strengths } from './model.ts'
import { readDerating, readSentenceFacts, readSentenceRelations } from './prose.ts'
import { readRequirements, splitLeadingId } from './requirements.ts'
import { isAside, isTestReport } from './sections.ts'
import { shapeOf } from './shapes.ts'
import { readTables } from './tables.ts'
import { readTests } from './tests.ts'

function emptyModel(system: string, documents: ParsedDocument[]): Model {
  return {
    system,
    documents,
    shapes: [],
    entities: new Map(),
    relationships: [],
    facts: [],
    attributes: [],
    pins: [],
    requirements: [],
    tests: [],
    planned: [],
    loads: [],
    totals: [],
    definitions: [],
    deratings: [],
    mentions: new Map(),
  }
}

/** The system itself, where a document first names it. */
function defineSystem(model: Model, aliases: ReadonlyMap<string, string>): void {
  const id = slugOf(model.system)
  if (id === '') return
  const names = new Set([
    id,
    ...[...aliases].flatMap(([short, long]) => (long === id ? [short] : short === id ? [long] : [])),
  ])
  const says = (text: string): boolean => {
    const slug = `-${slugOf(text)}-`
    return [...names].some((name) => slug.includes(`-${name}-`))
  }
  let place: Place | undefined
  for (const document of model.documents) {
    const section = document.sections.find(({ title }) => says(title))
    const statement = section === undefined ? document.statements.find(({ text }) => says(text)) : undefined
    const line = section?.line ?? statement?.line
    if (line !== undefined) {
      place = { document: document.path, line }
      break
    }
  }
  const first = model.documents[0]
  if (first === undefined) return
  addEntity(model, {
    name: model.system,
    kind: 'SUBSYSTEM',
    noun: 'system',
    strength: strengths.system,
    place: place ?? { document: first.path, line: 1 },
  })
}

/** `PDU` names the system that is called Power Distribution Unit; one of the two is its entity. */
function systemAliases(model: Model, aliases: ReadonlyMap<string, string>): Map<string, string> {
  const id = slugOf(model.system)
  return new Map([...aliases].map(([short, long]) => (short === id ? [long, short] : [short, long])))
}

function readMentions(model: Model, lexicon: Lexicon): void {
  const note = (id: string, place: Place): void => {
    const places = model.mentions.get(id) ?? []
    if (places.length < 50) places.push(place)
    model.mentions.set(id, places)
  }
  for (const document of model.documents)
    for (const statement of document.statements)
      for (const mention of lexicon.mentions(statement.text))
        note(mention.id, { document: document.path, line: lineAt(statement, mention.start) })
  for (const shape of model.shapes)
    for (const row of shape.table.rows)
      for (const [index, cell] of row.cells.entries()) {
        if (index === shape.primary && shape.kind === 'entities') continue
        for (const mention of lexicon.mentions(cell.text))
          note(mention.id, { document: shape.document.path, line: cell.line })
      }
}

function readSentences(model: Model, lexicon: Lexicon): void {
  for (const document of model.documents) {
    const results = isTestReport(document)
    for (const statement of document.statements) {
      if (isAside(statement.section)) continue
      readSentenceRelations(model, document.path, statement, lexicon)
      readDerating(model, document.path, statement, lexicon)
      // Sentences of a test report say what was seen, not what the design is.
      if (!results) readSentenceFacts(model, document.path, withoutId(statement), lexicon)
    }
  }
}

function withoutId(statement: Statement): Statement {
  const leading = /\b(?:shall|must)\b/i.test(statement.text) ? splitLeadingId(statement.text) : undefined
  if (leading === undefined) return statement
  const cut = statement.text.length - leading.rest.length
  return {
    ...statement,
    text: leading.rest,
    lineStarts: statement.lineStarts.map(({ offset, line }) => ({ offset: Math.max(0, offset - cut), line })),
  }
}

/** Parses documents, in the order of their paths. @throws AnalysisError document_malformed */
export function parseDocuments(documents: readonly SourceDocument[]): ParsedDocument[] {
  return [...documents].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)).map(parseDocument)
}

/** Everything that the rules know about the documents. Pure: equal documents give an equal model. */
export function buildModel(system: string, documents: ParsedDocument[]): Model {
  const model = emptyModel(system, documents)
  for (const document of documents)
    for (const table of document.tables) {
      const shape = shapeOf(document, table)
      if (shape !== undefined) model.shapes.push(shape)
    }
  const found = findAbbreviations(
    documents.flatMap((document) => [
      ...document.sections.map(({ title }) => title),
      ...document.statements.map(({ text }) => text),
    ]),
  )
  defineSystem(model, found)
  for (const document of documents) defineFromHeadings(model, document)
  defineFromTables(model)
  defineFromReferences(model)
  const lexicon = createLexicon(model.entities.values(), systemAliases(model, found))
  readTables(model, lexicon)
  const requirements = readRequirements(model)
  model.requirements = requirements.map(({ statement: _, ...requirement }) => requirement)
  readSentences(model, lexicon)
  for (const { place, statement } of requirements)
    if (
      !model.documents.some(
        (document) => document.path === place.document && document.statements.includes(statement),
      )
    )
      readSentenceFacts(model, place.document, statement, lexicon)
  readTests(model)
  readMentions(model, lexicon)
  return model
}
