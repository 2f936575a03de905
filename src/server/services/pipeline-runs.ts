import { createHash } from 'node:crypto'
import { JobwrightError } from '../../base/errors.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { present } from '../../base/present.ts'
import {
  type PipelineRunListQuery,
  type PipelineRunSummary,
  type PipelineRunView,
  pipelineLimits,
  type StartPipelineRunBody,
} from '../../contract/index.ts'
import { type PipelinePlan, resolveInputs } from '../../pipeline/index.ts'
import type { Caller, NewPipelineRun, PipelineRuns } from '../ports/index.ts'
import { idempotencyKey } from './idempotency.ts'
import { type PipelineCompiler, withFindings } from './pipeline-compiler.ts'
import { ApiProblem, invalid, unavailable, unknown } from './problems.ts'
import { instants, milliseconds } from './queries.ts'
import type { SavedPipelineService } from './saved-pipelines.ts'

export interface PipelineRunServiceDeps {
  runs: PipelineRuns
  saved: SavedPipelineService
  compiler: PipelineCompiler
  /** Tells this database apart from every other that may share a Temporal namespace. */
  installationId(): Promise<string>
}

export interface PipelineRunService {
  start(
    caller: Caller,
    body: StartPipelineRunBody,
    key: string | undefined,
  ): Promise<{ run: PipelineRunSummary; replayed: boolean }>
  list(
    caller: Caller,
    query: PipelineRunListQuery,
  ): Promise<{ runs: PipelineRunSummary[]; nextCursor: string | null }>
  show(caller: Caller, id: string): Promise<PipelineRunView>
  /** The status that it is in, once it was asked to stop. */
  cancel(caller: Caller, id: string): Promise<void>
}

/** Pipeline runs over HTTP. Errors are ApiProblems. */
export function createPipelineRunService(deps: PipelineRunServiceDeps): PipelineRunService {
  const { runs } = deps
  return {
    start: (caller, body, key) => start(deps, caller, body, key).catch(throwAsProblem),
    async list(caller, query) {
      const { started_after, started_before } = instants(query, ['started_after', 'started_before'])
      const filter = present({
        pipeline: query.pipeline,
        statuses: query.status,
        owner: query.owner,
        schedule: query.schedule,
        startedAfterMs: milliseconds(started_after),
        startedBeforeMs: milliseconds(started_before),
        cursor: query.cursor,
      })
      const limit = query.limit ?? pipelineLimits.listedRuns
      return runs.list(caller, { ...filter, limit }).catch(throwAsProblem)
    },
    show: (caller, id) => runs.show(caller, id).catch(throwAsProblem),
    cancel: (caller, id) => cancel(runs, caller, id).catch(throwAsProblem),
  }
}

async function start(
  deps: PipelineRunServiceDeps,
  caller: Caller,
  body: StartPipelineRunBody,
  keyText: string | undefined,
): Promise<{ run: PipelineRunSummary; replayed: boolean }> {
  requireOneSource(body)
  const sent = idempotencyKey(keyText, body)
  const key = sent && {
    id: await keyedRunId(deps, caller, sent.key),
    requestHash: sent.requestHash,
  }
  // First, so that a replay answers alike even when the saved pipeline or a job type has changed since.
  const earlier = key && (await deps.runs.findByKey(caller, key))
  if (earlier) return { run: earlier, replayed: true }

  const { plan, version } = await planOf(deps, caller, body)
  const { inputs, findings } = resolveInputs(plan, body.inputs ?? {})
  if (!inputs) throw withFindings('invalid_inputs', '/inputs', findings)
  const run: NewPipelineRun = present({ plan: plan as unknown as JsonObject, inputs, version, key })
  const started = await deps.runs.start(caller, run)
  return { run: started.run, replayed: started.existed }
}

function requireOneSource({ yaml, plan, pipeline, version }: StartPipelineRunBody): void {
  const given = Object.entries({ yaml, plan, pipeline }).filter(
    ([, value]) => value !== undefined && value !== null,
  )
  if (given.length !== 1)
    throw invalid('validation_failed', [
      {
        pointer: '',
        detail: `expected exactly one of yaml, plan and pipeline, found ${given.map(([name]) => name).join(' and ') || 'none'}`,
      },
    ])
  if (version !== undefined && version !== null && given[0]?.[0] !== 'pipeline')
    throw invalid('validation_failed', [
      { pointer: '/version', detail: 'is of a saved pipeline; expected with pipeline only' },
    ])
}

async function planOf(
  { saved, compiler }: PipelineRunServiceDeps,
  caller: Caller,
  { yaml, plan, pipeline, version }: StartPipelineRunBody,
): Promise<{ plan: PipelinePlan; version: number | undefined }> {
  if (pipeline === undefined || pipeline === null)
    return { plan: (await compiler.compile(caller, { yaml, plan })).plan, version: undefined }
  const found = await saved.get(caller, pipeline, version ?? undefined)
  const compiled = await compiler.compile(caller, { yaml: found.yaml }, found.name)
  return { plan: compiled.plan, version: found.version }
}

/** Nothing in it can be guessed from, and no other workspace or database makes the same. */
async function keyedRunId(deps: PipelineRunServiceDeps, { workspace }: Caller, key: string): Promise<string> {
  const parts: Json = [await deps.installationId(), workspace, key]
  return `run-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)}`
}

async function cancel(runs: PipelineRuns, caller: Caller, id: string): Promise<void> {
  await requireOpen(runs, caller, id)
  try {
    await runs.cancel(caller, id)
  } catch (error) {
    // It may have ended meanwhile; then that is what there is to say.
    await requireOpen(runs, caller, id)
    throw error
  }
}

async function requireOpen(runs: PipelineRuns, caller: Caller, id: string): Promise<void> {
  const { status, finished_at } = await runs.summary(caller, id)
  if (finished_at === null) return
  throw new ApiProblem(
    409,
    'pipeline_run_terminal',
    `Pipeline run ${id} is ${status} already and cannot be cancelled`,
  )
}

/** What an error of pipeline runs and schedules is to somebody who asks over HTTP: the one table of it. */
const answers: Readonly<Record<string, (error: JobwrightError) => ApiProblem>> = {
  unknown_pipeline_run: (error) => unknown('pipeline_run', error.message.replace(/^no pipeline run /, '')),
  unknown_schedule: (error) => unknown('schedule', error.message.replace(/^no schedule /, '')),
  unknown_backfill: (error) => unknown('backfill', error.message.replace(/^no backfill /, '')),
  // Of a change: it is with a worker, or with none.
  no_worker: (error) => unavailable('no_worker', error.message),
  not_finished: (error) => unavailable('not_finished', error.message),
  bad_run_id: (error) =>
    invalid('validation_failed', [{ pointer: '{pipeline_run_id}', detail: error.message }]),
  start_too_large: (error) => invalid('validation_failed', [{ pointer: '', detail: error.message }]),
  run_id_reused: reused,
  backfill_id_reused: reused,
}

function reused(): ApiProblem {
  return new ApiProblem(
    422,
    'idempotency_key_reused',
    'This Idempotency-Key was used for something else, or with other inputs; send the body it was first used with, or use another key',
    { errors: [{ pointer: 'Idempotency-Key', detail: 'used before with another body' }] },
  )
}

/** @throws ApiProblem for whatever is expected; anything else as it is */
export function throwAsProblem(error: unknown): never {
  if (error instanceof ApiProblem || !(error instanceof JobwrightError)) throw error
  const answer = answers[error.code]
  if (answer) throw answer(error)
  // What is said of it tells of addresses inside.
  if (error.fault === 'unreachable')
    throw unavailable('temporal_unavailable', 'Temporal, which runs pipelines, does not answer now')
  throw error
}
