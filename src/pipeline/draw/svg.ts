import type { PipelinePlan, PlanStep } from '../plan/types.ts'
import { type Box, type Lane, type Line, layOut, sizes } from './layout.ts'
import { describeStep } from './levels.ts'

/** Sizes in pixels; what fits in characters is reckoned for wide fonts. */
const text = { x: 12, idY: 22, aboutY: 41, lineHeight: 17, bottom: 10, idCharacters: 19, aboutCharacters: 22 }

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

function cut(text: string, atMost: number): string {
  const characters = [...text]
  return characters.length > atMost ? `${characters.slice(0, atMost - 1).join('')}…` : text
}

/** On two lines at most, broken at blanks and before dots where that is possible. */
function wrap(words: string): string[] {
  const fits = (line: string) => [...line.trimEnd()].length <= text.aboutCharacters
  const pieces = words.split(/(?<= )|(?=\.)/)
  let [first = '', ...rest] = pieces
  while (rest.length > 0 && fits(first + rest[0])) first += rest.shift()
  const second = rest.join('')
  if (second === '') return [cut(first, text.aboutCharacters)]
  let shown = second
  for (let count = rest.length - 1; !fits(shown) && count > 0; count--)
    shown = `${rest.slice(0, count).join('').trimEnd()}…`
  return [first, shown].map((line) => cut(line.trimEnd(), text.aboutCharacters))
}

function aboutLines(step: PlanStep): string[] {
  return describeStep(step).flatMap(wrap)
}

function heightOf(step: PlanStep): number {
  return text.aboutY + (aboutLines(step).length - 1) * text.lineHeight + text.bottom
}

function drawBox({ step, x, y, height }: Box): string {
  return [
    `  <g class="step" transform="translate(${x} ${y})">`,
    `    <title>${xml([step.id, ...describeStep(step)].join(' · '))}</title>`,
    `    <rect width="${sizes.boxWidth}" height="${height}" rx="8"/>`,
    `    <text class="id" x="${text.x}" y="${text.idY}">${xml(cut(step.id, text.idCharacters))}</text>`,
    ...aboutLines(step).map(
      (line, index) =>
        `    <text class="about" x="${text.x}" y="${text.aboutY + index * text.lineHeight}">${xml(line)}</text>`,
    ),
    '  </g>',
  ].join('\n')
}

function curve({ from, to }: Line): string {
  const middle = (from.x + to.x) / 2
  return `M ${from.x} ${from.y} C ${middle} ${from.y}, ${middle} ${to.y}, ${to.x} ${to.y}`
}

function drawLine(line: Line): string {
  return `  <path class="need" d="${curve(line)}" marker-end="url(#arrow)"/>`
}

function drawLane(lane: Lane): string {
  return `  <path class="lane" d="${curve(lane)} H ${lane.endX}"/>`
}

/** With a ground of its own, so that it can be read on a page of any color. */
const style = `  <style>
    text { font-family: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #111827; }
    .id { font-size: 15px; font-weight: 600; }
    .about { font-size: 13px; fill: #4b5563; }
    .ground { fill: #f8fafc; }
    .step rect { fill: #ffffff; stroke: #94a3b8; }
    .need, .lane { fill: none; stroke: #64748b; stroke-width: 1.5; }
    .head { fill: #64748b; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f3f4f6; }
      .about { fill: #cbd5e1; }
      .ground { fill: #0f172a; }
      .step rect { fill: #1e293b; stroke: #64748b; }
      .need, .lane { stroke: #94a3b8; }
      .head { fill: #94a3b8; }
    }
  </style>
  <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path class="head" d="M 0 0 L 8 4 L 0 8 z"/></marker></defs>`

/** The plan as SVG 1.1 without scripts or outside references. */
export function drawSvg(plan: PipelinePlan): string {
  const { width, height, boxes, lines, lanes } = layOut(plan, heightOf)
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(`Pipeline ${plan.name}`)}">`
  const ground = `  <rect class="ground" width="${width}" height="${height}" rx="10"/>`
  const drawn = [...lanes.map(drawLane), ...lines.map(drawLine), ...boxes.map(drawBox)]
  return `${[open, style, ground, ...drawn, '</svg>'].join('\n')}\n`
}
