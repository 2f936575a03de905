import type { PipelinePlan } from './plan/types.ts'
export type DrawingFormat = 'text' | 'mermaid' | 'svg'
export function drawPipeline(plan: PipelinePlan, format: DrawingFormat): string {
  return `${format} ${plan.name}`
}
