import type { PlanStep } from './types.ts'

/** How many job runs a step has, where its plan says so: of a list that is written out, whatever its items will be. */
export function knownItems({ forEach }: Pick<PlanStep, 'forEach'>): number | undefined {
  if (!forEach) return 1
  if (forEach.kind === 'list') return forEach.items.length
  return forEach.kind === 'literal' && Array.isArray(forEach.value) ? forEach.value.length : undefined
}
