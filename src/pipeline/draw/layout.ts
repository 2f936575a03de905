import type { PipelinePlan, PlanStep } from '../plan/types.ts'
import { levelsOf } from './levels.ts'

/** Where a drawing has its boxes, and which way its lines take. Pure; sizes in pixels. */

export interface Box {
  step: PlanStep
  x: number
  y: number
  height: number
}

export interface Point {
  x: number
  y: number
}

/** To a step that needs another one: from that one, or from where its lane ends. */
export interface Line {
  from: Point
  to: Point
}

/** Past the boxes of one column, for all lines of a step that lead further: from the column before, then straight on. */
export interface Lane extends Line {
  endX: number
}

export interface Layout {
  width: number
  height: number
  boxes: Box[]
  lines: Line[]
  lanes: Lane[]
}

export const sizes = { boxWidth: 200, gapX: 40, gapY: 18, margin: 18, laneHeight: 10 } as const

/** A place in a column: a box, or a lane that is kept free for the lines of a step further left. */
interface Cell {
  /** The step in the box, or the one whose lines pass. */
  id: string
  step?: PlanStep
  row: number
}

/** Columns are levels; within one, what stands there is near the middle of what it needs. */
export function layOut(plan: PipelinePlan, heightOf: (step: PlanStep) => number): Layout {
  const columns = toColumns(levelsOf(plan))
  const { middles, height } = rowMiddles(columns, heightOf)
  const layout: Layout = {
    width: columnX(Math.max(1, columns.length)) - sizes.gapX + sizes.margin,
    height,
    boxes: [],
    lines: [],
    lanes: [],
  }
  for (const [level, column] of columns.entries()) {
    const x = columnX(level)
    for (const { id, step, row } of column.values()) {
      const y = middles[row] ?? 0
      // What leads here begins at the right side of the column before.
      const linesFrom = (ids: readonly string[]): Line[] =>
        ids.flatMap((id) => {
          const before = columns[level - 1]?.get(id)
          return before ? [{ from: { x: x - sizes.gapX, y: middles[before.row] ?? 0 }, to: { x, y } }] : []
        })
      if (step === undefined) {
        layout.lanes.push(...linesFrom([id]).map((line) => ({ ...line, endX: x + sizes.boxWidth })))
        continue
      }
      const boxHeight = heightOf(step)
      layout.boxes.push({ step, x, y: y - boxHeight / 2, height: boxHeight })
      layout.lines.push(...linesFrom(step.needs))
    }
  }
  return layout
}

const mostLanes = 50_000

function columnX(level: number): number {
  return sizes.margin + level * (sizes.boxWidth + sizes.gapX)
}

function toColumns(levels: readonly PlanStep[][]): Map<string, Cell>[] {
  const lastLevel = lastLevels(levels)
  const columns: Map<string, Cell>[] = []
  let lanes = 0
  for (const [level, steps] of levels.entries()) {
    const before = columns[level - 1] ?? new Map<string, Cell>()
    const middle = (ids: readonly string[]) =>
      ids.length === 0 ? 0 : ids.reduce((sum, id) => sum + (before.get(id)?.row ?? 0), 0) / ids.length
    const passing = [...before.keys()].filter((id) => (lastLevel.get(id) ?? 0) > level)
    lanes += passing.length
    // Nobody follows so many lines, and no program shows them: from here on only neighbours are joined.
    if (lanes > mostLanes) passing.length = 0
    const places = [
      ...steps.map((step) => ({ id: step.id, step, at: middle(step.needs) })),
      ...passing.map((id) => ({ id, at: middle([id]) })),
    ]
    // Sorting is stable: of those with the same middle, the order of the plan stays.
    const ordered = places.toSorted((a, b) => a.at - b.at)
    columns.push(new Map(ordered.map(({ at: _, ...place }, row) => [place.id, { ...place, row }])))
  }
  return columns
}

/** The level of the last step that needs a step. */
function lastLevels(levels: readonly PlanStep[][]): Map<string, number> {
  const last = new Map<string, number>()
  for (const [level, steps] of levels.entries())
    for (const step of steps) for (const need of step.needs) last.set(need, level)
  return last
}

/** Rows go through all columns, so that a line within one is straight. */
function rowMiddles(
  columns: readonly Map<string, Cell>[],
  heightOf: (step: PlanStep) => number,
): { middles: number[]; height: number } {
  const heights: number[] = []
  for (const column of columns)
    for (const { row, step } of column.values())
      heights[row] = Math.max(heights[row] ?? 0, step ? heightOf(step) : sizes.laneHeight)
  const middles: number[] = []
  let y: number = sizes.margin
  for (const height of heights) {
    middles.push(y + height / 2)
    y += height + sizes.gapY
  }
  return { middles, height: Math.max(y - sizes.gapY, sizes.margin) + sizes.margin }
}
