import type { Measure } from '../language/measures.ts'
import type { Parameter } from '../language/parameters.ts'
import type { ParsedDocument, Table } from '../parse/types.ts'
import type { EntityKind } from './columns.ts'
import type { TableShape } from './shapes.ts'

/** What the rules know after reading: things, what is said of them, requirements, tests. Nothing here leaves the engine. */

export interface Place {
  document: string
  line: number
}

/** How sure it is that a thing is one: named in passing, by a heading, by a row of its own. */
export const strengths = { mentioned: 1, heading: 2, row: 3, system: 4 } as const

export interface Entity {
  id: string
  name: string
  kind: EntityKind
  /** The noun that its column or heading calls it; empty when none does. */
  noun: string
  strength: number
  place: Place
  /** What definitions say of it in words. */
  notes: string[]
}

export interface Relationship {
  type: string
  from: string
  to: string
  place: Place
}

/** A size of a thing, as one place states it. */
export interface Fact {
  entity: string
  parameter: Parameter
  measure: Measure
  /** As written. */
  text: string
  /** Slug of the circumstances under which it holds; empty for always. */
  condition: string
  modality: 'stated' | 'required'
  place: Place
  /** Facts of one table are rows of one statement: they do not contradict each other. */
  table: Table | undefined
}

/** A word that a place says of a thing: its part number, the rail it is on. */
export interface Attribute {
  entity: string
  attribute: string
  value: string
  place: Place
  table: Table | undefined
}

export interface PinAssignment {
  connector: string
  pin: string
  /** Slug; empty for a pin without a signal. */
  signal: string
  text: string
  place: Place
}

export interface Requirement {
  id: string
  text: string
  place: Place
  /** As the document names it; undefined when it names none. */
  method: string | undefined
}

export type VerdictKind = 'pass' | 'fail' | 'marginal' | 'open'

export interface TestRecord {
  /** Undefined for a result without an identifier. */
  id: string | undefined
  title: string
  requirements: string[]
  verdict: { kind: VerdictKind; text: string } | undefined
  measured: { measure: Measure; text: string; place: Place } | undefined
  criterion: { lower?: number; upper?: number; text: string } | undefined
  place: Place
}

/** Rows of a table that say what is drawn from where. */
export interface LoadTable {
  document: string
  table: Table
  parameter: Parameter
  unit: Measure['unit']
  groups: Map<string, { load: string; amount: number; text: string; place: Place }[]>
}

/** A row that claims to be the total of those above it. */
export interface TotalRow {
  label: string
  column: string
  claimed: number
  sum: number
  unit: Measure['unit']
  rounding: number
  place: Place
}

export interface Definition {
  id: string
  name: string
  table: Table
  /** The row without its key, to tell a repetition from a contradiction. */
  content: string
  place: Place
}

export interface Model {
  system: string
  documents: ParsedDocument[]
  shapes: TableShape[]
  entities: Map<string, Entity>
  relationships: Relationship[]
  facts: Fact[]
  attributes: Attribute[]
  pins: PinAssignment[]
  requirements: Requirement[]
  tests: TestRecord[]
  /** Tests that a document plans or names as the proof of a requirement, without a result. */
  planned: { test: string; requirement: string; place: Place }[]
  loads: LoadTable[]
  totals: TotalRow[]
  definitions: Definition[]
  /** Percentages to which ratings are to be used, by entity; `*` for every supply. */
  deratings: { entity: string; factor: number; text: string; place: Place }[]
  /** Where things are named outside the rows and headings that define them. */
  mentions: Map<string, Place[]>
}

export function samePlace(one: Place, other: Place): boolean {
  return one.document === other.document && one.line === other.line
}
