import type { PipelinePlan, StepRunView } from '../pipeline/plan/index.ts'
import type { ExpectedStep, ReportedOutcome } from './expectations.ts'

/** What a pipeline run says of its steps, as what the server has to bear out. */
export function expectationsOf(plan: PipelinePlan, views: readonly StepRunView[]): ExpectedStep[] {
  return plan.steps.map(({ id, needs, start, target }) => {
    const own = views.filter(({ step }) => step === id)
    const jobRunIds = own.flatMap(({ job_run_id, earlier = [] }) =>
      [job_run_id, ...earlier.map((generation) => generation.job_run_id)].filter((one) => one !== null),
    )
    // A step that does not know its run knows its job; one that is shared tells nothing.
    const jobIds =
      target.kind === 'job_id'
        ? []
        : own.flatMap(({ job_run_id, job_id }) => (job_run_id === null && job_id !== null ? [job_id] : []))
    return {
      name: id,
      needs,
      ...(start ? { start } : {}),
      jobRunIds,
      jobIds,
      generations: own.reduce((sum, { generation }) => sum + generation, 0),
      outcomes: own.map(outcomeOf),
    }
  })
}

const ends: readonly string[] = ['completed', 'failed', 'cancelled', 'skipped']

function outcomeOf({ status, job_run_id }: StepRunView): ReportedOutcome {
  return {
    status: ends.includes(status) ? (status as ReportedOutcome['status']) : 'unknown',
    ...(job_run_id !== null && { jobRunId: job_run_id }),
  }
}
