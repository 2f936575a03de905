import { ApplicationFailure, CancellationScope, CancelledFailure } from '@temporalio/workflow'
import {
  createRunOutputs,
  failureMessage,
  fittingView,
  type PipelineRunView,
  pipelineStatus,
  viewBytes,
  viewPipelineRun,
} from '../pipeline/plan/index.ts'
import { evaluate } from './evaluation.ts'
import type { Execution } from './execution.ts'
import { tellEnd } from './notifications.ts'
import { logRunEnded } from './run-log.ts'
import { stepErrorOf } from './step-failure.ts'
import { tellParent } from './tell-parent.ts'

/** The pipeline run as everybody sees it, within what Temporal carries. */
export function view(execution: Execution): PipelineRunView {
  const { data, plan, state, finishedAtMs, outputs } = execution
  return fittingView(viewPipelineRun(plan, state, { id: data.id, finishedAtMs, outputs }))
}

/** One that is not to be started: all it does is to have its id. */
export function closeBarred(execution: Execution): PipelineRunView {
  execution.finishedAtMs = Date.now()
  return { ...view(execution), status: 'cancelled' }
}

/** Ends a pipeline run whose steps are all done. @throws as Temporal has it: cancelled, or failed with the view in the details */
export async function close(execution: Execution): Promise<PipelineRunView> {
  const status = pipelineStatus(execution.plan, execution.state)
  // A cancelled run does not stay open for outputs that nobody may be there to give.
  if (status !== 'cancelled') await CancellationScope.nonCancellable(() => evaluateOutputs(execution))
  if (status === 'completed' || status === 'failed') await tellEnd(execution, status)
  await tellParent(execution, 'ending')
  execution.finishedAtMs = Date.now()
  logRunEnded(execution)
  const last = view(execution)
  switch (status) {
    case 'cancelled':
      throw new CancelledFailure('the pipeline run was cancelled')
    case 'failed':
      throw ApplicationFailure.create({
        type: 'pipeline_failed',
        message: failureMessage(execution.plan, execution.state, last.steps),
        nonRetryable: true,
        details: [last],
      })
    default:
      return last
  }
}

/** What can be evaluated; in a completed run, what cannot is a warning. */
async function evaluateOutputs(execution: Execution): Promise<void> {
  const kept = createRunOutputs(execution, viewBytes(view(execution)))
  for (const { name, value } of execution.plan.outputs) {
    try {
      kept.keep(name, await evaluate(execution, value))
    } catch (error) {
      kept.miss(name, stepErrorOf(error))
    }
  }
}
