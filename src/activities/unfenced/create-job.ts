import { Context } from '@temporalio/activity'
import type { JsonObject } from '../../base/json.ts'
import { type OwnJob, seenBefore } from '../../protocol/index.ts'
import type { ConnectedDependencies } from '../dependencies.ts'
import type { CreateJobInput } from '../types.ts'
import { listRuns } from './list-runs.ts'
import { masked } from './masked.ts'

/**
 * Makes a job for one run, or looks at one that exists and is shared. Safe to repeat: a job without runs is inert, and the one
 * that the history names is the one that is triggered.
 */
export async function createJob(deps: ConnectedDependencies, input: CreateJobInput): Promise<OwnJob> {
  const { api } = deps.connected
  const { cancellationSignal: signal, info } = Context.current()
  const { target } = input
  const madeIn = info.workflowExecution ? { madeIn: info.workflowExecution.runId } : {}
  if ('jobId' in target) {
    const { runs } = await listRuns(api, target.jobId, null, signal)
    // An id may be a word such as `night`, which a config has by chance, too.
    const isMarked =
      input.isMarked && JSON.stringify(input.config).includes(info.workflowExecution?.workflowId ?? '\n')
    return {
      jobId: target.jobId,
      isOwn: false,
      madeAtMs: 0,
      creator: '',
      before: seenBefore(runs),
      isMarked,
      ...madeIn,
    }
  }
  const config: JsonObject = { ...input.config, job_type: target.jobType }
  const secrets = deps.secretKeeper()
  return masked(secrets, async () => {
    const resolved = await secrets.resolve(api, config)
    const job = await api.createJob({ job_type: target.jobType, config: resolved }, { signal })
    return {
      jobId: job.uuid,
      isOwn: true,
      madeAtMs: 0,
      creator: job.created_by,
      before: null,
      isMarked: false,
      ...madeIn,
    }
  })
}
