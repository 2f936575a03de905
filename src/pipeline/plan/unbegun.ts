import { isBegun } from './generations.ts'
import { knownItems } from './known-items.ts'
import { isNested } from './nested.ts'
import type { ItemState, StepState } from './state.ts'
import { isDone } from './transitions.ts'
import type { PipelinePlan, PlanStep } from './types.ts'

/** Items of one step, one after the other, whose next generation is the same, and has not begun. */
export interface UnbegunRuns {
  step: string
  /** Of the first one; null outside `for_each`. */
  item: number | null
  count: number
  generation: number
}

/** Of a list that nobody has evaluated; a workflow task triggers fewer, in their order. */
const unknownItems = 64

/** Job runs that may begin without anything else having to be in the history before: rather too many than too few. */
export function unbegunRuns(
  { steps }: Pick<PipelinePlan, 'steps'>,
  state: { steps: Record<string, Pick<StepState, 'items' | 'status'>> },
): UnbegunRuns[] {
  return steps.flatMap((step) => {
    const own = state.steps[step.id]
    if (isNested(step) || (own && isDone(own.status))) return []
    if (!own?.items) {
      const count = knownItems(step) ?? unknownItems
      return [{ step: step.id, item: step.forEach ? 0 : null, count, generation: 1 }]
    }
    return unbegunItems(step, own.items)
  })
}

function unbegunItems(step: PlanStep, items: readonly ItemState[]): UnbegunRuns[] {
  const found: UnbegunRuns[] = []
  for (const [index, item] of items.entries()) {
    if (isDone(item.status) || isBegun(item)) continue
    const generation = Math.max(1, item.generation)
    const last = found.at(-1)
    if (last && (last.item ?? 0) + last.count === index && last.generation === generation) last.count += 1
    else found.push({ step: step.id, item: step.forEach ? index : null, count: 1, generation })
  }
  return found
}
