import { searchAttributes } from '../contract/names.ts'
import type { PipelinePlan, PlanStep } from '../pipeline/plan/index.ts'

/** What a workflow is found by. */
export interface Belonging {
  workspace?: string | undefined
  owner?: string | undefined
  schedule?: string | undefined
}

/** As search attributes. */
export function attributePairs({ workspace, owner, schedule }: Belonging) {
  const pair = (name: string, value: string | undefined) =>
    value === undefined ? [] : [{ key: { name, type: 'KEYWORD' as const }, value }]
  return [
    ...pair(searchAttributes.workspace, workspace),
    ...pair(searchAttributes.owner, owner),
    ...pair(searchAttributes.schedule, schedule),
  ]
}

/** Of workflows whose history is short. */
export const shortTaskMs = 2_000
const longTaskMs = 10_000
const mostInShortTask = 200
/** Of a `for_each` whose list only the run knows: it may be long, and what is evaluated for each item costs a worker time. */
const unknownItems = Number.POSITIVE_INFINITY

/**
 * A worker that is killed in a workflow task costs a run this long; a replay that takes longer is begun again. Temporal gives it more time
 * from the fourth attempt on, so that one that does not fit on a crowded machine gets there.
 */
export function workflowTaskTimeoutMs(steps: PipelinePlan['steps']): number {
  const items = steps.reduce((sum, { forEach }) => sum + itemsOf(forEach), 0)
  return items <= mostInShortTask ? shortTaskMs : longTaskMs
}

function itemsOf(forEach: PlanStep['forEach']): number {
  if (forEach === undefined) return 1
  return forEach.kind === 'literal' && Array.isArray(forEach.value) ? forEach.value.length : unknownItems
}

/** What each start of a pipeline run has, whoever starts it: by a person, for a tick, or as a step. */
export function runStartOptions<M extends Belonging>(
  { name, concurrency, priority, steps }: Pick<PipelinePlan, 'name' | 'concurrency' | 'priority' | 'steps'>,
  memo: M,
) {
  return {
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowIdConflictPolicy: 'FAIL' as const,
    // One with a limit waits until it is granted a place.
    memo: { pipeline: name, ...memo, ...(concurrency ? { status: 'pending' } : {}) },
    typedSearchAttributes: attributePairs(memo),
    staticSummary: name,
    workflowTaskTimeout: workflowTaskTimeoutMs(steps),
    ...(priority === undefined ? {} : { priority: { priorityKey: priority } }),
  }
}
