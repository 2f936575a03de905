import { Context } from '@temporalio/activity'
import { canonicalJson, type JsonObject } from '../base/json.ts'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { type Capabilities, containsReference, isTerminalStatus } from '../contract/index.ts'
import { requireFencedServer } from './capabilities.ts'
import { rejected } from './failures.ts'
import { jobKey, runKey } from './keys.ts'
import { toRecord } from './run-record.ts'
import type { ActivityDependencies, RunStepInput, RunStepResult } from './types.ts'
import { encodeWaitRef } from './wait-ref.ts'

/** How long the first look waits: runs shorter than this cost one activity and no completion. */
const firstLookSeconds = 1

/**
 * Makes sure that the job and its run exist, and looks once. Safe to repeat at any point: both POSTs carry
 * keys. A run that is not over then is registered with the change feed under the activity that will wait for it.
 */
export async function runStep(
  deps: ActivityDependencies & { api: JobsClient; capabilities: () => Promise<Capabilities | undefined> },
  input: RunStepInput,
): Promise<RunStepResult> {
  const { api } = deps
  const context = Context.current()
  const signal = context.cancellationSignal
  const workflow = context.info.workflowExecution
  if (!workflow) throw rejected('internal', 'runStep is an activity of a workflow')
  requireFencedServer(await deps.capabilities(), input.connection, containsReference(input.config))

  const idempotencyKey = runKey({ namespace: deps.namespace, workflowId: workflow.workflowId }, input)
  const { triggered, body } = await trigger(api, input, idempotencyKey, signal)
  const looked = isTerminalStatus(triggered.status)
    ? triggered
    : await api.getJobRun(triggered.uuid, { waitSeconds: firstLookSeconds, signal })
  if (isTerminalStatus(looked.status)) return { phase: 'terminal', record: toRecord(looked) }

  // Before the registration, so that the watcher's cursor stands before anything that must end the wait.
  await deps.waits.ensureWatcher(input.connection, async () => (await api.listJobRunChanges({})).cursor)
  const clientRef = encodeWaitRef({
    namespace: deps.namespace,
    workflowId: workflow.workflowId,
    activityId: input.waitActivityId,
  })
  const registered = await api.createJobRun({ ...body, client_ref: clientRef }, { idempotencyKey, signal })
  if (isTerminalStatus(registered.status)) return { phase: 'terminal', record: toRecord(registered) }
  return { phase: 'running', jobId: body.job_id, jobRunId: registered.uuid, status: registered.status }
}

/** Triggers under the step's key, whose run belongs to the job that an earlier attempt named, if there was one. */
async function trigger(api: JobsClient, input: RunStepInput, idempotencyKey: string, signal: AbortSignal) {
  const send = async (body: { job_id: string; config?: JsonObject }) => {
    const triggered = await api.createJobRun(body, { idempotencyKey, signal })
    if (triggered.job_id !== body.job_id)
      throw rejected(
        'foreign_run',
        `job run ${triggered.uuid} belongs to job ${triggered.job_id}, not to ${body.job_id}`,
      )
    return { triggered, body }
  }
  if ('jobId' in input.target)
    return send({ job_id: input.target.jobId, ...(input.config ? { config: input.config } : {}) })
  const config: JsonObject = { ...input.config, job_type: input.target.jobType }
  const shared = await createJob(api, jobKey(input.pipeline, input.step, config), config, signal)
  if (!shared.is_deleted && canonicalJson(shared.config) === canonicalJson(config))
    return send({ job_id: shared.uuid })
  // A person deleted or changed the saved job of this content: the run gets one of its own.
  const own = await createJob(api, `${idempotencyKey}-job`, config, signal)
  try {
    return await send({ job_id: own.uuid })
  } catch (error) {
    if (!(error instanceof JobsApiError) || error.code !== 'idempotency_key_reused') throw error
    // That happened after an earlier attempt had triggered.
    return send({ job_id: shared.uuid })
  }
}

function createJob(api: JobsClient, idempotencyKey: string, config: JsonObject, signal: AbortSignal) {
  return api.createJob({ job_type: String(config['job_type']), config }, { idempotencyKey, signal })
}
