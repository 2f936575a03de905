import type { MapEntry, MapNode, Node, ScalarNode } from '../nodes/nodes.ts'
import type { Building, ItemScope, StepRecord } from './expression.ts'
import type { Mistake } from './mistakes.ts'
import type { Mark } from './place.ts'

/** A problem of a pipeline in code, at one of its places. */
export interface PlacedMistake extends Omit<Mistake, 'mark'> {
  offset: number
}

/** A pipeline as its function has described it so far. */
export interface OpenBuilding extends Building {
  /** Of the nodes' offsets: what stands where. */
  readonly marks: Mark[]
  readonly mistakes: PlacedMistake[]
  readonly steps: MapEntry[]
  /** Steps whose names were there already. */
  readonly repeated: MapEntry[]
  readonly records: Map<string, { record: StepRecord; mark: Mark }>
  /** Offsets of what stands in for something that was reported: nothing more is said of it. */
  readonly standIns: number[]
  /** False once its function has returned. */
  open: boolean
  /** How many nodes there are. */
  size: number
}

export function createBuilding(): OpenBuilding {
  const building: OpenBuilding = {
    marks: [],
    mistakes: [],
    steps: [],
    repeated: [],
    records: new Map(),
    standIns: [],
    open: true,
    size: 0,
    report({ mark, ...mistake }) {
      if (!building.open) return false
      building.mistakes.push({ ...mistake, offset: offsetOf(building, mark) })
      return true
    },
  }
  return building
}

/** An offset of its own for a place. They grow, so that what was made between two of them is between them. */
export function offsetOf({ marks }: OpenBuilding, mark: Mark): number {
  return marks.push(mark) - 1
}

export function scalar(building: OpenBuilding, value: ScalarNode['value'], mark: Mark): ScalarNode {
  const start = offsetOf(building, mark)
  return { kind: 'scalar', value, start, end: start, plain: false }
}

/** Something in place of what was reported. */
export function standIn(building: OpenBuilding, mark: Mark): ScalarNode {
  const made = scalar(building, null, mark)
  building.standIns.push(made.start)
  return made
}

/** An entry of a map. */
export function entry(
  building: OpenBuilding,
  key: string,
  mark: Mark,
  value: () => Node | undefined,
): MapEntry[] {
  const keyStart = offsetOf(building, mark)
  const made = value()
  return made ? [{ key, keyStart, value: made }] : []
}

export function map(building: OpenBuilding, mark: Mark, entries: () => MapEntry[]): MapNode {
  const start = offsetOf(building, mark)
  const made = entries()
  return { kind: 'map', entries: made, start, end: offsetOf(building, mark) }
}

/** Whose values may stand at a place. */
export interface Where {
  building: OpenBuilding
  mark: Mark
  /** No expressions are read there: text is what it is, and an expression is a mistake. */
  constant?: true
  /** The step whose `item` may be read there. */
  item?: ItemScope
  /** Is told of each step whose value is used. */
  reads(step: StepRecord): void
}
