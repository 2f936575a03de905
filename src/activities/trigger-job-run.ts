import { Context } from '@temporalio/activity'
import { canonicalJson, type JsonObject } from '../base/json.ts'
import { stepRunId } from '../base/step-run-id.ts'
import { type CallOptions, JobsApiError, type JobsClient, type WireJobRun } from '../client/index.ts'
import { encodePipelineRef, isTerminalStatus, limits } from '../contract/index.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { rejected } from './failures.ts'
import { cursorOf } from './feed-cursor.ts'
import { toRecord, toSlimRecord } from './job-run-record.ts'
import { jobKey, runKey } from './keys.ts'
import type { Kept, TriggerJobRunInput, TriggerJobRunResult } from './types.ts'
import { encodeWaiter } from './wait-ref.ts'
import type { WaitRef } from './waits.ts'

/** How long the first look waits where an activity waits afterwards: runs shorter than this cost one activity and no completion. */
const firstLookSeconds = 1

export type TriggerDependencies = Pick<ActivityDependencies, 'namespace' | 'waits' | 'looks'> & {
  api: JobsClient
}
/** What each request has in common; asked anew, as the time that is left may be bounded. */
export type Calls = () => Pick<CallOptions, 'signal' | 'timeoutMs' | 'resends'>

/**
 * Makes sure that the job and its run exist, and looks once. Safe to repeat at any point: both POSTs carry keys.
 */
export async function triggerJobRun(
  deps: TriggerDependencies,
  input: TriggerJobRunInput,
): Promise<TriggerJobRunResult> {
  const { cancellationSignal: signal } = Context.current()
  const calls = () => ({ signal })
  const { kept } = input
  if (!kept) return triggerForActivity(deps, input, calls)
  const answer = await triggerForWorkflow(deps, { ...input, kept }, calls)
  if (answer.phase !== 'terminal') return answer
  const record = toRecord(answer.run)
  return { phase: 'terminal', record: kept.whole ? record : (toSlimRecord(answer.run, kept) ?? record) }
}

async function triggerForActivity(
  deps: TriggerDependencies,
  input: TriggerJobRunInput,
  calls: Calls,
): Promise<TriggerJobRunResult> {
  const { api } = deps
  const { run: triggered } = await send(deps, input, calls, { refs: [pipelineRef(deps, input)] })
  const looked = isTerminalStatus(triggered.status)
    ? triggered
    : await api.getJobRun(triggered.uuid, { ...calls(), waitSeconds: firstLookSeconds })
  if (isTerminalStatus(looked.status)) return { phase: 'terminal', record: toRecord(looked) }
  return { phase: 'running', jobId: triggered.job_id, jobRunId: looked.uuid, status: looked.status }
}

/**
 * Triggers a run of which its workflow is told by a signal, unless it is over by now. The watcher is made sure of before the run says
 * who waits, so that its cursor stands before anything that was not seen by then. Where no look is worth its while, the run says so from its beginning.
 */
export async function triggerForWorkflow(
  deps: TriggerDependencies,
  input: TriggerJobRunInput & { kept: Kept },
  calls: Calls,
): Promise<{ phase: 'terminal'; run: WireJobRun } | Extract<TriggerJobRunResult, { phase: 'running' }>> {
  const { api, looks } = deps
  const { connection, target, kept, isCrowded } = input
  const kind = 'jobType' in target ? target.jobType : target.jobId
  const worthMs = looks.lookMs(connection, kind, isCrowded)
  const lookMs = Math.min(worthMs, Math.max(0, input.leftMs ?? worthMs))
  const watch = () => deps.waits.ensureWatcher(connection, cursorOf(api), calls())
  const waiter = encodeWaiter({ kind: 'workflow', ref: refOf(deps, input), kept })
  const plain = pipelineRef(deps, input)
  if (lookMs === 0) await watch()
  const sentAt = performance.now()
  const how = { waitSeconds: lookMs / 1000, refs: lookMs === 0 ? [waiter, plain] : [plain, waiter] }
  const { run: triggered, hasWaited, ref } = await send(deps, input, calls, how)
  let run = triggered
  if (!isTerminalStatus(run.status) && lookMs > 0 && !hasWaited)
    run = await api.getJobRun(run.uuid, { ...calls(), waitSeconds: lookMs / 1000 })
  if (!isTerminalStatus(run.status) && lookMs > 0) await watch()
  if (!isTerminalStatus(run.status) && ref !== waiter) run = await api.setClientRef(run.uuid, waiter, calls())
  const isOver = isTerminalStatus(run.status)
  // Without a look nothing was learnt of those that are not over.
  if (isOver || lookMs > 0) looks.note(connection, kind, isOver ? performance.now() - sentAt : undefined)
  if (isOver) return { phase: 'terminal', run }
  return { phase: 'running', jobId: triggered.job_id, jobRunId: run.uuid, status: run.status }
}

function workflowIdNow(): string {
  return Context.current().info.workflowExecution?.workflowId ?? ''
}

function refOf({ namespace }: TriggerDependencies, input: TriggerJobRunInput): WaitRef {
  return { namespace, workflowId: workflowIdNow(), activityId: stepRunId(input) }
}

function pipelineRef(deps: TriggerDependencies, input: TriggerJobRunInput): string {
  return encodePipelineRef(refOf(deps, input))
}

interface Sent {
  run: WireJobRun
  hasWaited: boolean
  /** What the run says of whose it is, as far as this worker wrote it. */
  ref: string | undefined
}

/**
 * Triggers under the step's key, whose run belongs to the job that an earlier attempt named, if there was one.
 * @param how `refs`: what the run is to say of whose it is, and what an earlier attempt may have had it say, as a key stands for one
 *   body; `waitSeconds`: how long a server that can may wait for the end before it answers
 */
async function send(
  deps: TriggerDependencies,
  input: TriggerJobRunInput,
  calls: Calls,
  { refs, waitSeconds = 0 }: { refs: readonly string[]; waitSeconds?: number },
): Promise<Sent> {
  const { api, namespace } = deps
  const { target, oneCall } = input
  const workflowId = workflowIdNow()
  const idempotencyKey = runKey({ namespace, workflowId }, input)
  const wait = oneCall && waitSeconds > 0 ? { waitSeconds } : {}
  const hasWaited = oneCall === true
  const options = () => ({ idempotencyKey, ...wait, ...calls() })
  const trigger = async (body: { job_id: string; config?: JsonObject }): Promise<Sent> => {
    // A worker that did not yet say whose the run is may have been here before.
    const sent = await firstThatFits([...refs, undefined], async (ref) => {
      const run = await api.createJobRun(
        { ...body, ...(ref === undefined ? {} : { client_ref: ref }) },
        options(),
      )
      return { run, hasWaited, ref }
    })
    const { run } = sent
    if (run.job_id !== body.job_id)
      throw rejected('foreign_run', `job run ${run.uuid} belongs to job ${run.job_id}, not to ${body.job_id}`)
    return sent
  }
  if ('jobId' in target)
    return trigger({ job_id: target.jobId, ...(input.config ? { config: input.config } : {}) })
  const config: JsonObject = { ...input.config, job_type: target.jobType }
  const step = input.name ?? input.step
  const name = input.jobNames ? `${input.pipeline} / ${step}`.slice(0, limits.jobNameCharacters) : undefined
  const job = { job_type: target.jobType, config, ...(name === undefined ? {} : { name }) }
  const sharedKey = jobKey(input.pipeline, step, config, name)
  if (oneCall) {
    const inline = { ...job, key: sharedKey }
    try {
      return await firstThatFits(refs, async (ref) => {
        const run = await api.createJobRun({ job: inline, client_ref: ref }, options())
        return { run, hasWaited, ref }
      })
    } catch (error) {
      // The server behind the connection may be an older one by now; a refusal of the job comes again.
      if (!(error instanceof JobsApiError) || ![400, 422].includes(error.status ?? 0)) throw error
    }
  }
  const createJob = (key: string) => api.createJob(job, { idempotencyKey: key, ...calls() })
  const shared = await createJob(sharedKey)
  if (!shared.is_deleted && canonicalJson(shared.config) === canonicalJson(config))
    return trigger({ job_id: shared.uuid })
  // A person deleted or changed the saved job of this content: the run gets one of its own.
  const own = await createJob(`${idempotencyKey}-job`)
  try {
    return await trigger({ job_id: own.uuid })
  } catch (error) {
    if (!isReused(error)) throw error
    // That happened after an earlier attempt had triggered.
    return trigger({ job_id: shared.uuid })
  }
}

/** The first body that the key does not refuse as another one than it was used for. */
async function firstThatFits<Ref>(refs: readonly Ref[], post: (ref: Ref) => Promise<Sent>): Promise<Sent> {
  for (const [index, ref] of refs.entries()) {
    try {
      return await post(ref)
    } catch (error) {
      if (!isReused(error) || index === refs.length - 1) throw error
    }
  }
  throw new Error('nothing was to be sent')
}

function isReused(error: unknown): boolean {
  return error instanceof JobsApiError && error.code === 'idempotency_key_reused'
}
