import type { PipelinePlan } from '../plan/types.ts'
import { describeStep } from './levels.ts'
import { drawSvg } from './svg.ts'
import { drawText } from './text.ts'

export type DrawingFormat = 'text' | 'mermaid' | 'svg'

/** Mermaid's entities: a label in quotes may hold anything else. */
function mermaidText(text: string): string {
  return text.replaceAll(/[&<>"#;`\n\r]/g, (character) => `#${character.codePointAt(0)};`)
}

function drawMermaid(plan: PipelinePlan): string {
  // Step ids could be words of Mermaid's own, such as `end`.
  const names = new Map(plan.steps.map((step, index) => [step.id, `s${index}`]))
  const nodes = plan.steps.map((step) => {
    const label = [step.id, ...describeStep(step)].map(mermaidText).join('<br/>')
    return `  ${names.get(step.id) ?? ''}["${label}"]`
  })
  const edges = plan.steps.flatMap((step) =>
    step.needs.map((need) => `  ${names.get(need) ?? ''} --> ${names.get(step.id) ?? ''}`),
  )
  return `${['flowchart LR', ...nodes, ...edges].join('\n')}\n`
}

/** A picture of a plan's steps and what they need: plain text, Mermaid, or a self-contained SVG. Ends with a line feed. */
export function drawPipeline(plan: PipelinePlan, format: DrawingFormat): string {
  switch (format) {
    case 'text':
      return drawText(plan)
    case 'mermaid':
      return drawMermaid(plan)
    case 'svg':
      return drawSvg(plan)
  }
}
