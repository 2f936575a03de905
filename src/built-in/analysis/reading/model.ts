import type { entityKinds } from '../../../contract/index.ts'
import type { Measure } from '../language/measures.ts'
import type { Parameter } from '../language/parameters.ts'
import type { ParsedDocument } from '../parse/types.ts'

/** What the documents say, as the rules look at it. */

export type EntityKind = (typeof entityKinds)[number]

export interface Place {
  document: string
  line: number
}

export interface Entity {
  id: string
  name: string
  kind: EntityKind
  description: string
  place: Place
  /** How much its source says of it: the row that defines it counts more than a cell that mentions it. */
  weight: number
}

export interface Link {
  type: string
  from: string
  to: string
  place: Place
}

/** A size that a document gives for a parameter of an entity. */
export interface Fact {
  entity: string
  parameter: Parameter
  measure: Measure
  /** When it holds: a mode, a source, a temperature. Facts under different conditions are not compared. */
  condition: string
  /** A requirement asks for it, or the design states it. */
  origin: 'design' | 'requirement'
  /** Its table; sizes that differ within one table are about different things. */
  table?: object
  place: Place
}

export interface Requirement {
  id: string
  text: string
  method: string | undefined
  place: Place
}

export type Verdict = 'pass' | 'fail' | 'open'

export interface Bounds {
  lower?: number | undefined
  upper?: number | undefined
}

export interface TestResult {
  id: string | undefined
  title: string
  requirements: string[]
  verdict: Verdict | undefined
  verdictText: string
  measured: Measure | undefined
  criterion: (Bounds & { dimension: string }) | undefined
  place: Place
}

export interface PinUse {
  connector: string
  /** What the connector is said to be of, where its name alone does not tell. */
  owner: string
  pin: string
  signal: string
  place: Place
}

/** A row that claims to be the total of those above it, and the sums it could mean. */
export interface Total {
  label: string
  column: string
  claimed: Measure
  sums: number[]
  place: Place
}

/** A sentence such as "ratings are used to 80 %". `entity` is undefined when it is about all. */
export interface Derating {
  entity: string | undefined
  factor: number
  place: Place
}

export interface Model {
  documents: ParsedDocument[]
  entities: Map<string, Entity>
  links: Link[]
  facts: Fact[]
  requirements: Requirement[]
  tests: TestResult[]
  pins: PinUse[]
  totals: Total[]
  deratings: Derating[]
}

export function addEntity(model: Model, entity: Entity): void {
  const known = model.entities.get(entity.id)
  if (entity.id === '') return
  if (known === undefined) model.entities.set(entity.id, { ...entity })
  else if (entity.weight > known.weight)
    Object.assign(known, entity, { description: entity.description || known.description })
  else if (known.description === '') known.description = entity.description
}

/** Links between known, different things, each once. */
export function addLink(model: Model, link: Link): void {
  if (link.from === '' || link.to === '' || link.from === link.to) return
  model.links.push(link)
}
