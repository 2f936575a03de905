import type { PipelinePlan, PlanStep } from '../plan/types.ts'
import { describeStep, levelsOf } from './levels.ts'

/** Sizes in pixels. */
const box = { width: 210, height: 52, gapX: 70, gapY: 20, margin: 20 }
const labelCharacters = 28

/** What XML 1.0 allows, apart from lone surrogates. */
function isXmlCharacter(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code === 0x9 || code === 0xa || code === 0xd || (code >= 0x20 && code !== 0xfffe && code !== 0xffff)
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** XML text: markup escaped, and what XML does not allow at all replaced. */
function xml(text: string): string {
  return [...text.toWellFormed()]
    .map((character) => (isXmlCharacter(character) ? (entities[character] ?? character) : '\ufffd'))
    .join('')
}

function cut(text: string): string {
  const characters = [...text]
  return characters.length > labelCharacters ? `${characters.slice(0, labelCharacters - 1).join('')}…` : text
}

interface Place {
  x: number
  y: number
}

/** Columns are levels; within one, steps stand near the middle of what they need. */
function layout(plan: PipelinePlan): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const [level, steps] of levelsOf(plan).entries()) {
    const middle = (step: PlanStep) => {
      const ys = step.needs.map((need) => places.get(need)?.y ?? 0)
      return ys.length === 0 ? 0 : ys.reduce((sum, y) => sum + y, 0) / ys.length
    }
    const ordered = steps
      .map((step, index) => ({ step, index, at: middle(step) }))
      .sort((a, b) => a.at - b.at || a.index - b.index)
    for (const [row, { step }] of ordered.entries()) {
      places.set(step.id, {
        x: box.margin + level * (box.width + box.gapX),
        y: box.margin + row * (box.height + box.gapY),
      })
    }
  }
  return places
}

function drawNode(step: PlanStep, { x, y }: Place): string {
  const words = describeStep(step)
  return [
    `  <g class="step" transform="translate(${x} ${y})">`,
    `    <title>${xml([step.id, ...words].join(' · '))}</title>`,
    `    <rect width="${box.width}" height="${box.height}" rx="8"/>`,
    `    <text class="id" x="14" y="22">${xml(cut(step.id))}</text>`,
    `    <text class="about" x="14" y="40">${xml(cut(words.join(' · ')))}</text>`,
    '  </g>',
  ].join('\n')
}

function drawEdge(from: Place, to: Place): string {
  const startX = from.x + box.width
  const startY = from.y + box.height / 2
  const endX = to.x - 6
  const endY = to.y + box.height / 2
  const bend = Math.max(30, (endX - startX) / 2)
  return `  <path class="need" d="M ${startX} ${startY} C ${startX + bend} ${startY}, ${endX - bend} ${endY}, ${endX} ${endY}" marker-end="url(#arrow)"/>`
}

const style = `  <style>
    text { font-family: ui-sans-serif, system-ui, sans-serif; fill: #1f2937; }
    .id { font-size: 14px; font-weight: 600; }
    .about { font-size: 11px; fill: #6b7280; }
    .step rect { fill: #ffffff; stroke: #9ca3af; }
    .need { fill: none; stroke: #9ca3af; stroke-width: 1.5; }
    .head { fill: #9ca3af; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f3f4f6; }
      .about { fill: #9ca3af; }
      .step rect { fill: #1f2937; stroke: #6b7280; }
    }
  </style>
  <defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M 0 0 L 8 4 L 0 8 z"/></marker></defs>`

/** The plan as SVG 1.1 without scripts or outside references. */
export function drawSvg(plan: PipelinePlan): string {
  const places = layout(plan)
  const all = [...places.values()]
  const width = Math.max(0, ...all.map((place) => place.x)) + box.width + box.margin
  const height = Math.max(0, ...all.map((place) => place.y)) + box.height + box.margin
  const edges = plan.steps.flatMap((step) =>
    step.needs.flatMap((need) => {
      const from = places.get(need)
      const to = places.get(step.id)
      return from && to ? [drawEdge(from, to)] : []
    }),
  )
  const nodes = plan.steps.flatMap((step) => {
    const place = places.get(step.id)
    return place ? [drawNode(step, place)] : []
  })
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(`Pipeline ${plan.name}`)}">`
  return `${[open, style, ...edges, ...nodes, '</svg>'].join('\n')}\n`
}
