import { searchAttributes } from '../contract/names.ts'
import type { PipelinePlan } from '../pipeline/plan/index.ts'

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

/** What each start of a pipeline run has, whoever starts it: by a person, for a tick, or as a step. */
export function runStartOptions<M extends Belonging>(
  { name, concurrency, priority }: Pick<PipelinePlan, 'name' | 'concurrency' | 'priority'>,
  memo: M,
) {
  return {
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowIdConflictPolicy: 'FAIL' as const,
    // One with a limit waits until it is granted a place.
    memo: { pipeline: name, ...memo, ...(concurrency ? { status: 'pending' } : {}) },
    typedSearchAttributes: attributePairs(memo),
    staticSummary: name,
    ...(priority === undefined ? {} : { priority: { priorityKey: priority } }),
  }
}
