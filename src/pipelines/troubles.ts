import type { WorkflowExecutionDescription } from '@temporalio/client'

const shown = 3

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

/** Of attempts that are no trouble, or one that the step itself tells of. */
const silent: readonly string[] = ['worker_shutdown', 'worker_lost', 'trigger_unsettled', 'not_over']

/**
 * What keeps the steps of an open run from going on, one sentence for each reason: a Jobs API that does not answer, a
 * token that is refused. A wait whose lease ran out is no trouble. Without counts, so that the same trouble reads the same.
 */
export function troublesOf(pending: readonly PendingActivity[]): string[] {
  const byCode = new Map<string, { reason: string; names: Set<string> }>()
  for (const activity of pending) {
    const failure = activity.lastFailure
    const code = failure?.applicationFailureInfo?.type
    if (code === undefined || code === null || silent.includes(code)) continue
    const trouble = byCode.get(code) ?? { reason: failure?.message ?? code, names: new Set() }
    trouble.names.add(nameOf(activity))
    byCode.set(code, trouble)
  }
  return [...byCode.values()].slice(0, shown).map(({ reason, names }) => {
    const [first = '', ...others] = [...names].sort()
    return `${first}${others.length > 0 ? ' and others' : ''}: tried again after: ${reason}`
  })
}

/** The ids of steps' activities begin with the step. */
function nameOf({ activityId, activityType }: PendingActivity): string {
  const [step, ...rest] = activityId?.split('/') ?? []
  if (rest.length > 0) return `step ${step}`
  return activityType?.name === 'profileConnection'
    ? 'what the server of the connection offers'
    : (activityType?.name ?? '')
}
