import { ApplicationFailure, Context } from '@temporalio/activity'
import { JobsApiError } from '../../client/index.ts'
import { judgeRuns } from '../../protocol/index.ts'
import type { ConnectedDependencies } from '../dependencies.ts'
import type { FindJobRunsInput, JobRunListing } from '../types.ts'
import { listRuns } from './list-runs.ts'

const firstPauseMs = 500
const longestPauseMs = 5_000
/** How much longer a list that shows too little is asked for again. */
const incompleteMs = 30_000
/** A person chooses from so many at most: on a busy job what is carried, and each newcomer's look, would grow for days. */
const mostCandidates = 20

/**
 * Looks for runs of a job whose trigger was not answered: until there is one, or its time is up. Each look is an attempt, so that
 * looking for an hour costs no history, and is seen by whoever looks at the pipeline run. All by Temporal's clock.
 */
export async function findJobRuns(
  deps: ConnectedDependencies,
  { job, config, forMs, known = [] }: FindJobRunsInput,
): Promise<JobRunListing> {
  const { cancellationSignal, info } = Context.current()
  const lookedMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs
  const { runs, isComplete } = await listOrNothing(() =>
    listRuns(deps.connected.api, job.jobId, config, cancellationSignal),
  )
  const { ours, doubtful: others } = judgeRuns(runs, job)
  const doubtful = others.slice(0, mostCandidates)
  const patienceMs = isComplete || forMs === 0 ? 0 : incompleteMs
  const isSettled = forMs !== null && lookedMs >= forMs + patienceMs
  const isNews = forMs === null && doubtful.some(({ jobRunId }) => !known.includes(jobRunId))
  if (ours.length > 0 || isSettled || isNews) return { runs: [...ours, ...doubtful], isComplete, isSettled }
  const pauseMs = Math.min(firstPauseMs * 2 ** (info.attempt - 1), longestPauseMs)
  throw ApplicationFailure.create({
    type: 'trigger_unsettled',
    message: `the answer to a trigger of job ${job.jobId} was lost, and it has no run yet`,
    nonRetryable: false,
    ...(forMs === null
      ? {}
      : { nextRetryDelay: Math.max(1, Math.min(pauseMs, forMs + patienceMs - lookedMs)) }),
  })
}

/** A look that the server refuses shows nothing, and proves nothing: what it was to find may be there. */
async function listOrNothing(list: () => ReturnType<typeof listRuns>): ReturnType<typeof listRuns> {
  try {
    return await list()
  } catch (error) {
    if (!(error instanceof JobsApiError) || error.kind !== 'rejected' || error.status === 401) throw error
    return { runs: [], isComplete: false }
  }
}
