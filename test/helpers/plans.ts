import type { PipelinePlan, PlanStep } from '../../src/pipeline/plan/index.ts'

/** A step of a plan with everything that a test does not care about filled in. */
export function planStep(id: string, overrides: Partial<PlanStep> = {}): PlanStep {
  return {
    id,
    needs: [],
    target: { kind: 'job_type', jobType: 'sleep' },
    maxParallel: 1,
    retry: { generations: 1, backoffMs: 10, on: ['failed', 'timeout', 'rejected'] },
    onFailure: 'fail',
    valueOutputs: [],
    usedOutputs: [],
    usesJobRun: false,
    ...overrides,
  }
}

export function planOf(steps: PlanStep[], overrides: Partial<PipelinePlan> = {}): PipelinePlan {
  return { planVersion: 1, name: 'test', connection: 'default', inputs: [], steps, outputs: [], ...overrides }
}
