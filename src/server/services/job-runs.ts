import { randomUUIDv7 } from 'node:crypto'
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
import type { Caller, CancelOutcome, ListPage } from '../ports/index.ts'
import { idempotencyKey, idempotencyKeyProblem, keyedValue } from './idempotency.ts'
import { executionOptions } from './job-types.ts'
import type { Created, ServiceDeps } from './jobs.ts'
import { mergeConfig } from './merge-patch.ts'
import { ApiProblem, invalid, orBadCursor, unknown } from './problems.ts'
import { window } from './queries.ts'
import { lookUntil } from './waiting.ts'

export interface JobRunService {
  trigger(caller: Caller, body: JobRunCreateBody, key: string | undefined): Promise<Created<JobRun>>
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
    trigger: (caller, body, key) => trigger(deps, caller, body, key),
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
      lookUntil(
        { waitSeconds, signals },
        (timeoutMs, signal) => store.runs.waitForChange(jobRunId, timeoutMs, signal),
        async () => {
          const run = await known(caller, jobRunId)
          return { found: isTerminalStatus(run.status), value: run }
        },
      ),
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
  keyText: string | undefined,
): Promise<Created<JobRun>> {
  const key = idempotencyKey(keyText, body)
  // First, so that a replay answers alike even when the job was deleted or its type has changed since.
  const earlier = key && (await deps.store.runs.findByKey(caller, key))
  if (earlier) return keyedValue(earlier)

  const job = await deps.store.jobs.get(caller, body.job_id)
  if (!job || job.is_deleted) throw unknown('job', body.job_id)
  const config = body.config ? mergeConfig(job.config, body.config) : job.config
  deps.configs.validate(job.jobType, config)
  const run = {
    uuid: randomUUIDv7(),
    jobId: job.uuid,
    jobType: job.jobType,
    jobName: job.name,
    config,
    clientRef: body.client_ref ?? null,
    execution: executionOptions(deps.jobTypes, job.jobType),
  }
  const created = await (key ? deps.store.runs.create(caller, run, key) : deps.store.runs.create(caller, run))
  if (created.outcome === 'job_deleted') throw unknown('job', body.job_id)
  return keyedValue(created)
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
  const options = present({ statuses: query.statuses })
  try {
    return await lookUntil(
      { waitSeconds: query.wait ?? 0, signals },
      (timeoutMs, signal) => changes.wait(caller.workspace, timeoutMs, signal),
      async () => {
        const read = await changes.after(caller, cursor, { limit: query.limit ?? feedItems, ...options })
        cursor = read.cursor
        const value = {
          changes: read.changes.map((change) => ({
            cursor: change.cursor,
            status: change.status,
            at: change.at,
            job_run: change.run,
          })),
          cursor,
        }
        return { found: value.changes.length > 0, value }
      },
    )
  } catch (error) {
    throw orBadCursor(error, 'after')
  }
}
