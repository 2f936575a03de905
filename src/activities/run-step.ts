import { Context } from '@temporalio/activity'
import type { JobsClient } from '../client/index.ts'
import {
  type Capabilities,
  isReference,
  isTerminalStatus,
  type Json,
  type JsonObject,
} from '../contract/index.ts'
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

  const jobId =
    'jobId' in input.target ? input.target.jobId : await ensureJob(api, input, input.target.jobType, signal)
  const idempotencyKey = runKey({ namespace: deps.namespace, workflowId: workflow.workflowId }, input)
  const body = { job_id: jobId, ...('jobId' in input.target && input.config ? { config: input.config } : {}) }

  const triggered = await api.createJobRun(body, { idempotencyKey, signal })
  if (triggered.job_id !== jobId)
    throw rejected(
      'foreign_run',
      `job run ${triggered.uuid} belongs to job ${triggered.job_id}, not to ${jobId}`,
    )
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
  return { phase: 'running', jobId, jobRunId: registered.uuid, status: registered.status }
}

async function ensureJob(
  api: JobsClient,
  input: RunStepInput,
  jobType: string,
  signal: AbortSignal,
): Promise<string> {
  const config: JsonObject = { ...input.config, job_type: jobType }
  const idempotencyKey = jobKey(input.pipeline, input.step, { job_type: jobType, config })
  const job = await api.createJob({ job_type: jobType, config }, { idempotencyKey, signal })
  return job.uuid
}

function containsReference(value: Json): boolean {
  if (value === null || typeof value !== 'object') return false
  if (isReference(value)) return true
  return Object.values(value).some(containsReference)
}
