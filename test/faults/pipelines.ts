import { compilePipeline } from '../../src/pipeline/index.ts'
import type { PipelinePlan } from '../../src/pipeline/plan/index.ts'

export const shapes = ['chain', 'diamond', 'items', 'shared'] as const
export type Shape = (typeof shapes)[number]

export interface PipelineOptions {
  connection?: string
  /** Of the first step's run. */
  firstMs?: number
  /** How long the first step's run goes on when it is cancelled. */
  stopMs?: number
  /** A job that exists, for the shape that shares one. */
  sharedJobId: string
}

/** A step of every pipeline, which runs whatever becomes of the others. */
export const tidy = 'tidy'

/** Pipelines whose first step is `first`. Each run's label tells its pipeline run and step. */
export function pipelineOf(shape: Shape, options: PipelineOptions): PipelinePlan {
  const { connection = 'default', firstMs = 300, stopMs = 0, sharedJobId } = options
  const config = (step: string, more = '') =>
    `{ label: '\${{ pipeline.run_id }}/${step}', duration_ms: 150${more} }`
  const first = `{ label: '\${{ pipeline.run_id }}/first', duration_ms: ${firstMs}, stop_ms: ${stopMs} }`
  const work = 'job_type: work'
  const stepsOf: Record<Shape, string[]> = {
    chain: [
      `first: { ${work}, config: ${first} }`,
      `second: { needs: [first], ${work}, config: ${config('second')} }`,
      `last: { needs: [second], ${work}, config: ${config('last')} }`,
    ],
    diamond: [
      `first: { ${work}, config: ${first} }`,
      `left: { needs: [first], ${work}, config: ${config('left', ', fail_first: true')}, retry: { attempts: 3, backoff: 200ms } }`,
      `right: { needs: [first], ${work}, config: ${config('right')}, retry: { attempts: 2, backoff: 200ms } }`,
      `last: { needs: [left, right], ${work}, config: ${config('last')} }`,
    ],
    items: [
      `first: { ${work}, config: ${first} }`,
      `many: { needs: [first], for_each: '\${{ [1, 2, 3, 4] }}', max_parallel: 2, ${work}, config: ${config(`many-\${{ index }}`)} }`,
      `last: { needs: [many], ${work}, config: ${config('last')} }`,
    ],
    shared: [
      `first: { job_id: '${sharedJobId}', config: ${first} }`,
      `second: { needs: [first], ${work}, config: ${config('second')} }`,
      `last: { needs: [second], job_id: '${sharedJobId}', config: ${config('last')} }`,
    ],
  }
  const steps = [
    ...stepsOf[shape],
    `${tidy}: { needs: [last], if: '\${{ always() }}', ${work}, config: ${config(tidy)} }`,
  ]
  return compiled(`name: ${shape}\nconnection: ${connection}\nsteps:\n  ${steps.join('\n  ')}\n`)
}

export function compiled(text: string): PipelinePlan {
  const { plan, findings } = compilePipeline(text, { file: 'faults.yaml' })
  if (!plan) throw new Error(findings.map(({ message }) => message).join('\n'))
  return plan
}

/** Of a label as `pipelineOf` writes it: whose it is. */
export function runIdOf(label: string): string {
  return label.slice(0, label.lastIndexOf('/'))
}
