import { randomUUIDv7 } from 'node:crypto'
import { inRound } from '../../base/abort.ts'
import { present } from '../../base/present.ts'
import {
  type CancelAnswer,
  type CancelByKeyAnswer,
  type Changes,
  type ChangesQuery,
  isTerminalStatus,
  type JobRun,
  type JobRunCreateBody,
  type JobRunListQuery,
  type LogLine,
} from '../../contract/index.ts'
import type {
  Caller,
  CancelOutcome,
  IdempotencyKey,
  JobStore,
  ListPage,
  NewJob,
  NewJobRun,
} from '../ports/index.ts'
import { idempotencyKey, idempotencyKeyProblem, keyedValue } from './idempotency.ts'
import { executionOptions } from './job-types.ts'
import { type Created, newJob, type ServiceDeps } from './jobs.ts'
import { mergeConfig } from './merge-patch.ts'
import { ApiProblem, invalid, orBadCursor, unknown } from './problems.ts'
import { window } from './queries.ts'
import { lookUntil, type WaitBounds } from './waiting.ts'

export interface JobRunService {
  /** Under a key, if there is one. With `waitSeconds`: answers as `get` does. */
  trigger(caller: Caller, body: JobRunCreateBody, options: TriggerOptions): Promise<Created<JobRun>>
  list(caller: Caller, query: JobRunListQuery): ListPage<JobRun>
  /** With `waitSeconds`: at once when terminal, else when it becomes so, the time is up or a signal says stop. */
  get(caller: Caller, jobRunId: string, waitSeconds: number, signals: readonly AbortSignal[]): Promise<JobRun>
  cancel(caller: Caller, jobRunId: string): Promise<CancelAnswer>
  cancelByKey(caller: Caller, key: string): Promise<CancelByKeyAnswer>
  /** Unless the run is over; the run as it is now. */
  setClientRef(caller: Caller, jobRunId: string, clientRef: string): Promise<JobRun>
  changes(caller: Caller, query: ChangesQuery, signals: readonly AbortSignal[]): Promise<Changes>
  logs(
    caller: Caller,
    jobRunId: string,
    page: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<ListPage<LogLine>>
  output(caller: Caller, jobRunId: string, name: string): Promise<{ mediaType: string; content: Uint8Array }>
}

export interface TriggerOptions extends WaitBounds {
  key: string | undefined
}

type InlineJob = NonNullable<JobRunCreateBody['job']>

/** Changes in one answer of the feed when the caller names no limit. */
const feedItems = 100

/** Job runs: executions of jobs. Errors are ApiProblems. */
export function createJobRunService(deps: ServiceDeps): JobRunService {
  const { store } = deps
  const known = async (caller: Caller, jobRunId: string) => {
    const run = await store.runs.get(caller, jobRunId)
    if (!run) throw unknown('job_run', jobRunId)
    return run
  }
  return {
    trigger: (caller, body, options) => trigger(deps, caller, body, options),
    list: (caller, query) =>
      store.runs.list(
        caller,
        present({
          jobId: query.job_id,
          jobTypes: query.job_types,
          statuses: query.statuses,
          ...window(query),
        }),
      ),
    get: (caller, jobRunId, waitSeconds, signals) =>
      waitForEnd(store, caller, jobRunId, { waitSeconds, signals }),
    async cancel(caller, jobRunId) {
      const outcome = await store.runs.requestCancel(caller, jobRunId)
      if (outcome.outcome === 'unknown') throw unknown('job_run', jobRunId)
      if (outcome.outcome === 'terminal') throw terminalProblem(outcome.run)
      return cancelAnswer(outcome)
    },
    cancelByKey: (caller, key) => cancelByKey(deps, caller, key),
    async setClientRef(caller, jobRunId, clientRef) {
      const run = await store.runs.setClientRef(caller, jobRunId, clientRef)
      if (!run) throw unknown('job_run', jobRunId)
      return run
    },
    changes: (caller, query, signals) => readChanges(deps, caller, query, signals),
    async logs(caller, jobRunId, page) {
      await known(caller, jobRunId)
      return store.runs.logs(caller, jobRunId, present(page))
    },
    async output(caller, jobRunId, name) {
      await known(caller, jobRunId)
      const output = await store.runs.output(caller, jobRunId, name)
      if (!output) throw unknown('output', `${JSON.stringify(name.slice(0, 100))} of job run ${jobRunId}`)
      return output
    },
  }
}

async function trigger(
  deps: ServiceDeps,
  caller: Caller,
  body: JobRunCreateBody,
  { key, ...bounds }: TriggerOptions,
): Promise<Created<JobRun>> {
  const { runs } = deps.store
  const uuid = randomUUIDv7()
  return inRound(bounds.signals, async (round) => {
    const waitMs = bounds.waitSeconds * 1000
    const deadline = performance.now() + waitMs
    // Listens before the run is there, so that its end is not missed.
    const ended = waitMs > 0 ? runs.waitForEnd(uuid, waitMs, round) : undefined
    ended?.catch(() => undefined)
    const made = await createOrReplay(deps, caller, body, key, uuid)
    if (ended === undefined || isTerminalStatus(made.value.status)) return made
    if (!made.replayed) await ended
    const waitSeconds = Math.max(0, deadline - performance.now()) / 1000
    const value = await waitForEnd(deps.store, caller, made.value.uuid, { ...bounds, waitSeconds })
    return { ...made, value }
  })
}

async function createOrReplay(
  deps: ServiceDeps,
  caller: Caller,
  body: JobRunCreateBody,
  keyText: string | undefined,
  uuid: string,
): Promise<Created<JobRun>> {
  const key = idempotencyKey(keyText, body.job ? { ...body, job: present(body.job) } : body)
  try {
    const run = await newRun(deps, caller, body, uuid)
    const created = await (key
      ? deps.store.runs.create(caller, run, key)
      : deps.store.runs.create(caller, run))
    if (created.outcome === 'job_deleted') throw unknown('job', run.jobId)
    if (created.outcome === 'job_key_reused') throw jobKeyReused()
    return keyedValue(created)
  } catch (error) {
    // A replay answers alike even when the job was deleted or its type has changed since.
    const earlier =
      key && error instanceof ApiProblem ? await deps.store.runs.findByKey(caller, key) : undefined
    if (earlier) return keyedValue(earlier)
    throw error
  }
}

async function newRun(
  deps: ServiceDeps,
  caller: Caller,
  body: JobRunCreateBody,
  uuid: string,
): Promise<NewJobRun> {
  const job = body.job ? jobInline(deps, body.job) : await savedJob(deps, caller, body.job_id ?? '')
  const config = body.config ? mergeConfig(job.config, body.config) : job.config
  deps.configs.validate(job.jobType, config)
  return {
    uuid,
    jobId: job.uuid,
    jobType: job.jobType,
    jobName: job.name,
    config,
    clientRef: body.client_ref ?? null,
    execution: executionOptions(deps.jobTypes, job.jobType),
    ...('key' in job ? { job: { job, key: job.key } } : {}),
  }
}

/** The job that a run comes with, as `POST /jobs` would make it under the same key. */
function jobInline(
  deps: ServiceDeps,
  { key: keyText, ...body }: InlineJob,
): NewJob & { key: IdempotencyKey } {
  try {
    const key = idempotencyKey(keyText, body)
    if (key === undefined) throw invalid('validation_failed', [{ pointer: '/key', detail: 'is required' }])
    return { ...newJob(deps, body), key }
  } catch (error) {
    throw error instanceof ApiProblem ? below('/job', error) : error
  }
}

async function savedJob({ store }: ServiceDeps, caller: Caller, jobId: string) {
  const job = await store.jobs.get(caller, jobId)
  if (!job || job.is_deleted) throw unknown('job', jobId)
  return job
}

/** The same problem, of what stands at `pointer` of the body. */
function below(pointer: string, problem: ApiProblem): ApiProblem {
  return invalid(
    problem.code,
    problem.errors.map((error) => ({
      ...error,
      pointer: pointer + (error.pointer === 'Idempotency-Key' ? '/key' : error.pointer),
    })),
  )
}

function jobKeyReused(): ApiProblem {
  return new ApiProblem(
    422,
    'idempotency_key_reused',
    'The key of the job was used for another job; send the job it was first used with, or use another key',
    { errors: [{ pointer: '/job/key', detail: 'used before with another body' }] },
  )
}

/** At once when it is terminal, else when it becomes so. */
function waitForEnd(store: JobStore, caller: Caller, jobRunId: string, bounds: WaitBounds): Promise<JobRun> {
  return lookUntil(
    bounds,
    (timeoutMs, signal) => store.runs.waitForEnd(jobRunId, timeoutMs, signal),
    async () => {
      const run = await store.runs.get(caller, jobRunId)
      if (!run) throw unknown('job_run', jobRunId)
      return { found: isTerminalStatus(run.status), value: run }
    },
  )
}

function terminalProblem(run: JobRun): ApiProblem {
  return new ApiProblem(
    409,
    'job_run_terminal',
    `Job run ${run.uuid} is ${run.status} already and cannot be cancelled`,
  )
}

function cancelAnswer(outcome: Extract<CancelOutcome, { run: JobRun }>): CancelAnswer {
  const { uuid } = outcome.run
  switch (outcome.outcome) {
    case 'requested':
    case 'cancelled':
      return { message: `Job run ${uuid} cancelled`, cancelled_count: 1 }
    case 'already_requested':
      return { message: `Job run ${uuid} is being cancelled already`, cancelled_count: 0 }
    case 'terminal':
      return { message: `Job run ${uuid} is ${outcome.run.status} already`, cancelled_count: 0 }
  }
}

/** A terminal run is no error here: the caller did not know whether the key had started anything. */
async function cancelByKey(deps: ServiceDeps, caller: Caller, key: string): Promise<CancelByKeyAnswer> {
  const problem = idempotencyKeyProblem(key)
  if (problem !== undefined)
    throw invalid('validation_failed', [{ pointer: '/idempotency_key', detail: problem }])
  const outcome = await deps.store.runs.cancelByKey(caller, key)
  if (outcome.outcome === 'barred' || outcome.outcome === 'unknown')
    return { message: 'The key had started nothing, and now never will', cancelled_count: 0, job_run: null }
  return { ...cancelAnswer(outcome), job_run: outcome.run }
}

async function readChanges(
  deps: ServiceDeps,
  caller: Caller,
  query: ChangesQuery,
  signals: readonly AbortSignal[],
): Promise<Changes> {
  const { changes } = deps.store
  let cursor = query.after ?? (await changes.head(caller))
  const filter = present({ statuses: query.statuses, clientRefPrefix: query.client_ref_prefix })
  try {
    return await lookUntil(
      { waitSeconds: query.wait ?? 0, signals },
      (timeoutMs, signal) => changes.wait(caller.workspace, timeoutMs, signal, filter),
      async () => {
        const read = await changes.after(caller, cursor, { limit: query.limit ?? feedItems, ...filter })
        cursor = read.cursor
        const value = {
          changes: read.changes.map(({ run, ...change }) => ({ ...change, job_run: run })),
          cursor,
        }
        return { found: value.changes.length > 0, value }
      },
    )
  } catch (error) {
    throw orBadCursor(error, 'after')
  }
}
