import { JobwrightError } from '../../base/errors.ts'
import type { SweepFinding, SweepMode } from '../../contract/sweep.ts'
import { cancelNestedRun } from '../nested/nested-runs.ts'
import type { NestedRunIdentity, NestedRuns } from '../nested/types.ts'
import type { ClosedRun } from './types.ts'

/** Cancels the pipeline runs that were steps of a closed one, or tells of them. They end their own job runs. */
export async function sweepNested(
  runs: NestedRuns,
  closed: ClosedRun,
  nested: readonly NestedRunIdentity[],
  mode: SweepMode,
): Promise<{ isDone: boolean; found: SweepFinding[] }> {
  const found: SweepFinding[] = []
  let isDone = true
  for (const run of nested) {
    const outcome = mode === 'cancel' ? await end(runs, run) : await look(runs, run)
    if (outcome === undefined) continue
    // Looked at again, until it is over.
    if (outcome === 'cancelling') isDone = false
    const { step, item } = run.parent
    found.push({
      pipelineRun: closed.workflowId,
      step,
      item,
      jobRunId: null,
      nestedRunId: run.id,
      outcome,
    })
  }
  return { isDone, found }
}

/** One that was not started is barred: the start may still be on its way. */
async function end(runs: NestedRuns, run: NestedRunIdentity): Promise<'cancelling' | undefined> {
  const { phase } = await cancelNestedRun(runs, run)
  return phase === 'cancelling' ? phase : undefined
}

async function look(runs: NestedRuns, run: NestedRunIdentity): Promise<'active' | undefined> {
  try {
    return (await runs.look(run)) ? undefined : 'active'
  } catch (error) {
    if (error instanceof JobwrightError) return undefined
    throw error
  }
}
