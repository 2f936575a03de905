import { describe, expect, it } from 'vitest'
import { createPipelineRunState, stepState, viewPipelineRun } from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

describe('the view of a run whose steps are all over', () => {
  const plan = planOf([planStep('a')])
  const state = createPipelineRunState(plan, 0)
  stepState(state, 'a').status = 'completed'

  it('is running until its outputs are known, so that nobody takes it for the last one', () => {
    expect(viewPipelineRun(plan, state, { id: 'p', finishedAtMs: null, outputs: {} })).toMatchObject({
      status: 'running',
      finished_at: null,
    })
  })

  it('has its end and its outputs together', () => {
    const view = viewPipelineRun(plan, state, { id: 'p', finishedAtMs: 1000, outputs: { sum: 1 } })
    expect(view).toMatchObject({
      status: 'completed',
      finished_at: '1970-01-01T00:00:01.000Z',
      outputs: { sum: 1 },
    })
  })
})
