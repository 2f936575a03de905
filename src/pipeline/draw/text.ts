import type { PipelinePlan, PlanStep } from '../plan/types.ts'
import { describeStep, levelsOf } from './levels.ts'

/** Beyond this the lines of a graph say less than the names of what each step needs. */
const mostLanes = 16

/** A line of a picture: its lanes, and what stands beside them. */
interface Row {
  lanes: string
  step?: PlanStep
}

/** The steps from top to bottom, each below what it needs and joined to it by lines; a list by level where there are too many lines. */
export function drawText(plan: PipelinePlan): string {
  const rows = graphRows(plan) ?? levelRows(plan)
  const laneWidth = Math.max(0, ...rows.map(({ lanes }) => lanes.length))
  const idWidth = Math.max(0, ...plan.steps.map((step) => step.id.length))
  const lines = rows.map(({ lanes, step }) => {
    const beside = step ? `  ${step.id.padEnd(idWidth)}  ${describeStep(step).join(' · ')}` : ''
    return `  ${lanes.padEnd(laneWidth)}${beside}`.trimEnd()
  })
  const outputs =
    plan.outputs.length > 0 ? [`  → outputs: ${plan.outputs.map((output) => output.name).join(', ')}`] : []
  return `${[plan.name, ...lines, ...outputs].join('\n')}\n`
}

/** A lane holds a step that others below still need. */
function graphRows(plan: PipelinePlan): Row[] | undefined {
  const open = new Map<string, number>()
  for (const need of plan.steps.flatMap((step) => step.needs)) open.set(need, (open.get(need) ?? 0) + 1)
  const lanes: (string | undefined)[] = []
  const rows: Row[] = []
  for (const step of plan.steps) {
    const needs = step.needs.map((need) => lanes.indexOf(need))
    const isLast = (lane: number) => open.get(lanes[lane] ?? '') === 1
    const own = laneFor(lanes, needs.filter(isLast))
    if (own >= mostLanes) return undefined
    if (needs.some((lane) => lane !== own)) rows.push({ lanes: joints(lanes, needs, own, isLast) })
    for (const need of step.needs) {
      const left = (open.get(need) ?? 0) - 1
      open.set(need, left)
      if (left === 0) lanes[lanes.indexOf(need)] = undefined
    }
    lanes[own] = step.id
    rows.push({
      lanes: lanes.map((id, lane) => (lane === own ? '●' : id === undefined ? ' ' : '│')).join(' '),
      step,
    })
    if (!open.has(step.id)) lanes[own] = undefined
  }
  return rows
}

/** Straight below what nobody else needs any more; else where there is room. */
function laneFor(lanes: (string | undefined)[], ending: number[]): number {
  if (ending.length > 0) return Math.min(...ending)
  const free = Array.from(lanes).indexOf(undefined)
  return free === -1 ? lanes.length : free
}

/** By which of its four sides a joint is joined: up, down, left, right. */
const jointOf: Readonly<Record<string, string>> = {
  ud: '│',
  udr: '├',
  udl: '┤',
  udlr: '┼',
  ur: '╰',
  ul: '╯',
  ulr: '┴',
  dr: '╭',
  dl: '╮',
  dlr: '┬',
}

/** The line between two steps: from the lanes of what is needed to the step's own. */
function joints(
  lanes: readonly (string | undefined)[],
  needs: number[],
  own: number,
  isLast: (lane: number) => boolean,
): string {
  const [first, last] = [Math.min(own, ...needs), Math.max(own, ...needs)]
  const width = Math.max(lanes.length, own + 1)
  const cells = Array.from({ length: width }, (_, lane) => {
    const isNeed = needs.includes(lane)
    if (!isNeed && lane !== own) {
      // A lane that has nothing to do with it passes through.
      if (lanes[lane] !== undefined) return '│'
      return lane > first && lane < last ? '─' : ' '
    }
    const sides = [
      isNeed ? 'u' : '',
      lane === own || !isLast(lane) ? 'd' : '',
      lane > first ? 'l' : '',
      lane < last ? 'r' : '',
    ]
    return jointOf[sides.join('')] ?? ' '
  })
  return cells
    .reduce((line, cell, lane) => line + (lane > first && lane <= last ? '─' : ' ') + cell)
    .trimEnd()
}

/** One line a step: what stands at one level may run together. */
function levelRows(plan: PipelinePlan): Row[] {
  return levelsOf(plan).flatMap((steps, level) =>
    steps.map((step, index) => {
      const needs = step.needs.length > 0 ? ` ← ${step.needs.join(', ')}` : ''
      return {
        lanes: `${index === 0 ? level + 1 : ''}`.padStart(3),
        step: { ...step, id: `${step.id}${needs}` },
      }
    }),
  )
}
