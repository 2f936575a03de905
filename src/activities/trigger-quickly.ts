import { ApplicationFailure, Context } from '@temporalio/activity'
import { stepRunId } from '../base/step-run-id.ts'
import { JobsApiError } from '../client/index.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { toSlimRecord } from './job-run-record.ts'
import { ownExecution } from './own-execution.ts'
import { type TriggerDependencies, triggerForWorkflow } from './trigger-job-run.ts'
import type { TriggerQuicklyInput, TriggerQuicklyResult } from './types.ts'

/** All requests together. A workflow task is held meanwhile, and has two seconds as a rule. */
const budgetMs = 600

/**
 * `triggerJobRun` as a local activity: once, in little time, and without an answer that it is not sure of. Whatever goes wrong, the same
 * is done again by that activity under the same keys, which says what it was. It never fails.
 */
export async function triggerQuickly(
  deps: () => TriggerDependencies & Pick<ActivityDependencies, 'executions'>,
  input: TriggerQuicklyInput,
): Promise<TriggerQuicklyResult> {
  const { cancellationSignal: signal } = Context.current()
  const begunMs = performance.now()
  const endMs = begunMs + budgetMs
  const answered = (result: TriggerQuicklyResult) => ({
    ...result,
    tookMs: Math.round(performance.now() - begunMs),
    of: stepRunId(input),
  })
  const calls = () => ({ signal, timeoutMs: Math.max(1, endMs - performance.now()), resends: false })
  try {
    // A query of a closed workflow replays it, and what its last workflow task did not get to is run then, though nobody goes on with it.
    // Where Temporal does not say so in time, that says nothing of the server.
    const isOpen = () =>
      deps()
        .executions.isOpen(ownExecution(), budgetMs)
        .catch(() => false)
    if (input.isTakenUp && !(await isOpen())) return answered({ phase: 'unsure', isLate: false })
    const answer = await triggerForWorkflow(deps(), input, calls)
    if (answer.phase !== 'terminal') return answered(answer)
    const record = toSlimRecord(answer.run, input.kept)
    return answered(record ? { phase: 'terminal', record } : { phase: 'unsure', isLate: false })
  } catch (error) {
    return answered({ phase: 'unsure', isLate: isLate(error) })
  }
}

/** Neither a refusal nor an answer that makes no sense says that the next request will take long. */
function isLate(error: unknown): boolean {
  if (error instanceof ApplicationFailure) return false
  if (!(error instanceof JobsApiError)) return true
  const { kind, status } = error
  return kind !== 'rejected' && (status === undefined || status >= 429)
}
