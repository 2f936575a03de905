// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { Context } from '@temporalio/activity'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

let on: Scripted
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
})

/** Until the worker stops. */
const never = () => Context.current().cancelled
const slot = (value: Json) => ({ value, sizeBytes: JSON.stringify(value).length, inlined: true })

const inner = planFrom(`
name: inner
inputs: { unit: { type: string }, depth: { type: integer, default: 2 } }
steps:
  work: { job_type: x, config: { unit: '\${{ inputs.unit }}', depth: '\${{ inputs.depth }}' } }
outputs: { report: '\${{ steps.work.outputs.report }}' }
`)

describe('a step that runs a pipeline', () => {
  it('gives it its inputs and has its outputs, and both runs have a view', async () => {
    on.api.trigger = async (input) => ({
      phase: 'terminal',
      record: recordOf(input, 'completed', { outputs: { report: slot({ config: input.config }) } }),
    })
    const outer = planFrom(
      `
name: outer
steps:
  review: { pipeline: inner, inputs: { unit: pump } }
  after: { needs: [review], job_type: y, config: { got: '\${{ steps.review.outputs.report }}' } }
outputs: { report: '\${{ steps.review.outputs.report.config.depth }}' }
`,
      { inner },
    )
    const { id, view } = await on.run(outer)
    const child = `${id}.review.1`
    expect(view).toMatchObject({ status: 'completed', outputs: { report: 2 } })
    expect(view.steps[0]).toMatchObject({
      step: 'review',
      status: 'completed',
      generation: 1,
      job_run_id: null,
      pipeline_run_id: child,
    })
    expect(on.triggers.map(({ step, config }) => [step, config])).toEqual([
      ['work', { unit: 'pump', depth: 2 }],
      ['after', { got: { config: { unit: 'pump', depth: 2 } } }],
    ])
    const own = await on.pipelines().show(child)
    expect(own).toMatchObject({ id: child, pipeline: 'inner', status: 'completed' })
    expect(await on.pipelines().inputs(child)).toEqual({ unit: 'pump', depth: 2 })
  })
})
void never
void openRun
