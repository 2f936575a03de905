import { Context } from '@temporalio/activity'
import { canonicalJson, type JsonObject } from '../base/json.ts'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { encodePipelineRef, isTerminalStatus, limits } from '../contract/index.ts'
import { rejected } from './failures.ts'
import { toRecord } from './job-run-record.ts'
import { jobKey, runKey } from './keys.ts'
import type { ActivityDependencies, TriggerJobRunInput, TriggerJobRunResult } from './types.ts'

/** How long the first look waits: runs shorter than this cost one activity and no completion. */
const firstLookSeconds = 1

/**
 * Makes sure that the job and its run exist, and looks once. Safe to repeat at any point: both POSTs carry keys.
 */
export async function triggerJobRun(
  deps: ActivityDependencies & { api: JobsClient },
  input: TriggerJobRunInput,
): Promise<TriggerJobRunResult> {
  const { api } = deps
  const { cancellationSignal: signal, info } = Context.current()
  const workflowId = info.workflowExecution?.workflowId ?? ''
  const idempotencyKey = runKey({ namespace: deps.namespace, workflowId }, input)
  const { step, item, generation } = input
  const activityId = `${step}/${item ?? '-'}/${generation}`
  const clientRef = encodePipelineRef({ namespace: deps.namespace, workflowId, activityId })
  const triggered = await trigger(api, input, { idempotencyKey, clientRef }, signal)
  const looked = isTerminalStatus(triggered.status)
    ? triggered
    : await api.getJobRun(triggered.uuid, { waitSeconds: firstLookSeconds, signal })
  if (isTerminalStatus(looked.status)) return { phase: 'terminal', record: toRecord(looked) }
  // Before there is a wait: a worker that is lost as soon as it has taken that would leave nobody who could complete it.
  await deps.waits.ensureWatcher(input.connection, async () => (await api.listJobRunChanges({})).cursor)
  return { phase: 'running', jobId: triggered.job_id, jobRunId: looked.uuid, status: looked.status }
}

/** Triggers under the step's key, whose run belongs to the job that an earlier attempt named, if there was one. */
async function trigger(
  api: JobsClient,
  input: TriggerJobRunInput,
  { idempotencyKey, clientRef }: { idempotencyKey: string; clientRef: string },
  signal: AbortSignal,
) {
  const send = async (body: { job_id: string; config?: JsonObject }) => {
    const options = { idempotencyKey, signal }
    const triggered = await api
      .createJobRun({ ...body, client_ref: clientRef }, options)
      // A worker that did not yet say whose the run is may have been here before.
      .catch((error: unknown) => (isReused(error) ? api.createJobRun(body, options) : Promise.reject(error)))
    if (triggered.job_id !== body.job_id)
      throw rejected(
        'foreign_run',
        `job run ${triggered.uuid} belongs to job ${triggered.job_id}, not to ${body.job_id}`,
      )
    return triggered
  }
  if ('jobId' in input.target)
    return send({ job_id: input.target.jobId, ...(input.config ? { config: input.config } : {}) })
  const config: JsonObject = { ...input.config, job_type: input.target.jobType }
  const step = input.name ?? input.step
  const name = input.jobNames ? `${input.pipeline} / ${step}`.slice(0, limits.jobNameCharacters) : undefined
  const createJob = (key: string) =>
    api.createJob(
      { job_type: String(config.job_type), config, ...(name === undefined ? {} : { name }) },
      { idempotencyKey: key, signal },
    )
  const shared = await createJob(jobKey(input.pipeline, step, config, name))
  if (!shared.is_deleted && canonicalJson(shared.config) === canonicalJson(config))
    return send({ job_id: shared.uuid })
  // A person deleted or changed the saved job of this content: the run gets one of its own.
  const own = await createJob(`${idempotencyKey}-job`)
  try {
    return await send({ job_id: own.uuid })
  } catch (error) {
    if (!isReused(error)) throw error
    // That happened after an earlier attempt had triggered.
    return send({ job_id: shared.uuid })
  }
}

function isReused(error: unknown): boolean {
  return error instanceof JobsApiError && error.code === 'idempotency_key_reused'
}
