import type { AnalysisOptions, SourceDocument } from '../engine.ts'
import { slugOf } from '../language/names.ts'
import { parseDocument } from '../parse/index.ts'
import type { ParsedDocument } from '../parse/types.ts'
import { kindOfPhrase } from './columns.ts'
import { createLexicon, findAbbreviations, Names } from './lexicon.ts'
import { readPins, readTotals } from './listings.ts'
import { addEntity, type Entity, type Fact, type Model } from './model.ts'
import { readSentenceRelations } from './relations.ts'
import { isAside, isTestReport } from './sections.ts'
import { readDerating, readSentenceFacts } from './sentences.ts'
import { type ReadTable, readTables } from './shapes.ts'
import { readEntities, readNames, readParameters } from './tables.ts'
import { readRequirements, readTests } from './verification.ts'

interface Reading {
  model: Model
  names: Names
  documents: { document: ParsedDocument; tables: ReadTable[] }[]
}

/** "Connector J1 – Power input", "Radio connector J1", "J1 connector": headings that name a connector by its id. */
function readHeadings({ model, names, documents }: Reading): void {
  for (const { document } of documents)
    for (const { title, line } of document.sections) {
      const [, before, after] = /\b([A-Za-z]+) ([A-Z]{1,4}-?\d{1,3})\b/.exec(title) ?? []
      const [, first, behind] = /\b([A-Z]{1,4}-?\d{1,3}) ([a-z]+)\b/.exec(title) ?? []
      const led = kindOfPhrase(before ?? '')
      const kind = led ?? kindOfPhrase(behind ?? '')
      const id = led === undefined ? first : after
      if (id === undefined || kind?.kind !== 'INTERFACE') continue
      const entity = { id: names.idOf(id), name: names.nameOf(id), description: '', kind: kind.kind }
      addEntity(model, { ...entity, place: { document: document.path, line }, weight: 2 })
    }
}

/** The system itself, where a document first names it. */
function readSystem({ model, names, documents }: Reading, system: string): void {
  const id = names.idOf(system)
  const says = (text: string): boolean =>
    `-${slugOf(text)}-`.includes(`-${slugOf(system)}-`) || `-${slugOf(text)}-`.includes(`-${id}-`)
  const places = documents.flatMap(({ document }) => {
    const found =
      document.sections.find(({ title }) => says(title)) ?? document.statements.find(({ text }) => says(text))
    return found === undefined ? [] : [{ document: document.path, line: found.line }]
  })
  const place = places[0] ?? { document: documents[0]?.document.path ?? '', line: 1 }
  if (documents.length > 0)
    addEntity(model, { id, name: names.nameOf(system), kind: 'SUBSYSTEM', description: '', place, weight: 9 })
}

/** Names and connections, before sizes can be given to the things they name. */
function readThings(reading: Reading, system: string): void {
  const { model, names, documents } = reading
  for (const { document, tables } of documents) {
    const texts = [
      ...document.sections.map(({ title }) => title),
      ...document.statements.map(({ text }) => text),
    ]
    for (const text of texts)
      for (const { short, long } of findAbbreviations(text.slice(0, 2000))) names.same(short, long)
    for (const read of tables) readNames(read, names)
  }
  readSystem(reading, system)
  for (const { tables } of documents) for (const read of tables) readEntities(model, read, names)
  readHeadings(reading)
  for (const { document } of documents)
    if (!isTestReport(document))
      for (const statement of document.statements)
        if (!isAside(statement.section)) readSentenceRelations(model, document.path, statement, names)
}

function readSizes({ model, names, documents }: Reading): void {
  const lexicon = createLexicon(model.entities.values(), names)
  for (const { document, tables } of documents) {
    for (const read of tables) {
      if (read.shape === 'parameters') readParameters(model, read, lexicon)
      if (read.shape === 'pins') readPins(model, read, names, lexicon)
      readTotals(model, read)
    }
    const requirements = readRequirements(document, tables)
    const stated = new Set(requirements.map(({ statement }) => statement.line))
    for (const { statement, ...requirement } of requirements) {
      model.requirements.push(requirement)
      readSentenceFacts(model, document.path, statement, lexicon, 'requirement')
    }
    if (isTestReport(document)) continue
    for (const statement of document.statements) {
      if (isAside(statement.section)) continue
      readDerating(model, document.path, statement, lexicon)
      if (!stated.has(statement.line)) readSentenceFacts(model, document.path, statement, lexicon)
    }
  }
  for (const { tables } of documents) for (const read of tables) readTests(model, read)
}

/**
 * What documents say: things, connections, sizes, requirements, tests. `known` are things that a graph names already.
 * @throws JobwrightError `document_malformed`
 */
export function readModel(
  sources: readonly SourceDocument[],
  { system, signal, progress }: AnalysisOptions,
  known: readonly Omit<Entity, 'weight'>[] = [],
): Model {
  const sorted = [...sources].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const documents = sorted.map((source, index) => {
    signal?.throwIfAborted()
    progress?.((0.5 * index) / sorted.length, `reading ${source.path}`)
    const document = parseDocument(source)
    return { document, tables: readTables(document) }
  })
  const model: Model = {
    documents: documents.map(({ document }) => document),
    entities: new Map(),
    links: [],
    facts: [],
    requirements: [],
    tests: [],
    pins: [],
    totals: [],
    deratings: [],
  }
  const reading = { model, names: new Names(), documents }
  readThings(reading, system)
  for (const entity of known) addEntity(model, { ...entity, weight: 0 })
  progress?.(0.5, 'reading sizes and requirements')
  readSizes(reading)
  const order = new Map(sorted.map(({ path }, index) => [path, index]))
  const rank = ({ place }: Fact): number => order.get(place.document) ?? 0
  model.facts.sort((a, b) => rank(a) - rank(b) || a.place.line - b.place.line)
  return model
}
