import { fileURLToPath } from 'node:url'
import type { Json } from '../../src/base/json.ts'
import type { PlanStep } from '../../src/pipeline/plan/index.ts'
import { planStep } from './plans.ts'

/** For a stack whose worker has the job type `held`. */
export const heldConfigFile = fileURLToPath(new URL('held.config.ts', import.meta.url))

/** A step whose job runs last until the file of its config exists. */
export function heldStep(id: string, config: { [name: string]: Json }, overrides: Partial<PlanStep> = {}) {
  return planStep(id, {
    target: { kind: 'job_type', jobType: 'held' },
    config: { kind: 'literal', value: config },
    ...overrides,
  })
}
