import type { Json } from '../base/json.ts'
import type { PipelineRunEvent } from '../contract/pipelines/events.ts'
import type {
  PipelineRunListQuery,
  PipelineSummary,
  PipelineValidation,
  PipelineVersion,
  SavedPipeline,
} from '../contract/pipelines/schemas.ts'
import { pipelineTargets as targets } from '../contract/pipelines/targets.ts'
import type { PipelineRunSummary, PipelineRunView } from '../contract/pipelines/view.ts'
import { readList, type WireList } from './lists.ts'
import type { CreateOptions, PageQuery } from './options.ts'
import { having, isTrue, type Reader, readObject, refuse } from './reading.ts'
import { followRun } from './run-events.ts'
import { type CallOptions, createTransport, type JobsClientOptions, type Transport } from './transport.ts'

/** What is started or checked: the text of a pipeline file, a compiled plan, or the name of a saved pipeline. */
export type PipelineSource =
  | { yaml: string }
  | { plan: object }
  | { pipeline: string; version?: number | undefined }

export interface StartRunOptions extends CreateOptions {
  inputs?: Readonly<Record<string, Json>> | undefined
}

export interface SavePipelineOptions extends CallOptions {
  /** An ETag as `getPipeline` tells it (`"3"`): only over that version, else 412. */
  ifMatch?: string | undefined
}

export interface FollowOptions {
  /** Ends the following, not the run. */
  signal?: AbortSignal | undefined
  /**
   * The `id` of an event that is known already: what came before is passed over.
   * @default from the beginning
   */
  lastEventId?: string | undefined
}

const readSummary = having<PipelineRunSummary>('id', 'pipeline', 'status')
const readRun: Reader<PipelineRunView> = (value, pointer) => {
  const run = readObject(value, pointer)
  if (!Array.isArray(run.steps)) refuse(`${pointer}/steps`, 'a list', run.steps)
  readSummary(run, pointer)
  return run as unknown as PipelineRunView
}
const readRuns = readList(readSummary)
const readPipelines = readList(having<PipelineSummary>('name'))
const readVersion = having<PipelineVersion>('name', 'yaml')
const readSaved = having<SavedPipeline>('name', 'yaml')
const readValidation: Reader<PipelineValidation> = (value, pointer) => {
  const { valid, findings } = readObject(value, pointer)
  if (!Array.isArray(findings)) refuse(`${pointer}/findings`, 'a list', findings)
  return { valid: isTrue(valid), findings: findings as PipelineValidation['findings'] }
}

/**
 * A client of the pipeline API of our server, for Node.js and browsers. No retries of its own, but for `events`.
 * Every method throws JobsApiError, as JobsClient does.
 *
 * @example
 * ```ts
 * import { PipelineRunsClient } from 'jobwright/client'
 *
 * const runs = new PipelineRunsClient({ baseUrl: 'http://127.0.0.1:8300/api/v1', token: 'TOKEN' })
 * const yaml = 'name: nap\nsteps: { nap: { job_type: sleep, config: { duration: 2s } } }'
 * const { id } = await runs.start({ yaml }, { idempotencyKey: 'night-2026-04-13' })
 * for await (const event of runs.events(id))
 *   if (event.event === 'step') console.log(event.step.step, event.step.status)
 * ```
 */
export class PipelineRunsClient {
  readonly #options: JobsClientOptions
  readonly #transport: Transport

  /** @throws JobwrightError `bad_base_url` */
  constructor(options: JobsClientOptions) {
    this.#options = options
    this.#transport = createTransport(options)
  }

  /**
   * Starts a run. Under an idempotency key it is started once, however often this is sent: a replay answers with the run.
   *
   * @example
   * ```ts
   * const run = await runs.start({ pipeline: 'pdu-review', version: 3 }, { inputs: { severity: 'high' } })
   * console.log(run.id, run.pipeline_version)
   * ```
   */
  start(
    source: PipelineSource,
    { inputs, idempotencyKey, ...options }: StartRunOptions = {},
  ): Promise<PipelineRunSummary> {
    const headers = { 'Idempotency-Key': idempotencyKey }
    const json = { ...source, ...(inputs === undefined ? {} : { inputs }) }
    return this.#transport.sendJson(targets.startPipelineRun, { ...options, json, headers }, readSummary)
  }

  /** Open ones first, newest first; then the others, last ended first. */
  list(query: PipelineRunListQuery = {}, options: CallOptions = {}): Promise<WireList<PipelineRunSummary>> {
    return this.#transport.sendJson(targets.listPipelineRuns, { ...options, query }, readRuns)
  }

  /** Where a run stands, with its steps. */
  show(id: string, options: CallOptions = {}): Promise<PipelineRunView> {
    return this.#transport.sendJson(
      targets.getPipelineRun,
      { ...options, params: { pipeline_run_id: id } },
      readRun,
    )
  }

  /** Asks a run to stop. One that is over answers 409 (`pipeline_run_terminal`). */
  async cancel(id: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.send(targets.cancelPipelineRun, { ...options, params: { pipeline_run_id: id } })
  }

  /**
   * What changes in a run, until it is over: the line of a step each time that it changed, and the run's own fields when they did. It goes
   * on by itself after the server was away, and no change is told twice. Of changes that came meanwhile, the last of each step is told.
   *
   * @example
   * ```ts
   * for await (const event of runs.events(id, { signal: AbortSignal.timeout(60_000) }))
   *   if (event.event === 'run' && event.run.finished_at !== null) console.log(event.run.status, event.run.outputs)
   * ```
   */
  events(id: string, options: FollowOptions = {}): AsyncGenerator<PipelineRunEvent, void, undefined> {
    return followRun(this.#options, id, options)
  }

  /** Every problem of a pipeline; `valid` also with warnings. */
  validate(
    source: Exclude<PipelineSource, { pipeline: string }>,
    options: CallOptions = {},
  ): Promise<PipelineValidation> {
    return this.#transport.sendJson(targets.validatePipeline, { ...options, json: source }, readValidation)
  }

  /** Saves a pipeline under the name that is in it; `is_new` says whether that made a version. */
  savePipeline(
    name: string,
    yaml: string,
    { ifMatch, ...options }: SavePipelineOptions = {},
  ): Promise<SavedPipeline> {
    const call = { ...options, params: { name }, json: { yaml }, headers: { 'If-Match': ifMatch } }
    return this.#transport.sendJson(targets.savePipeline, call, readSaved)
  }

  /** Saved pipelines, by name. */
  listPipelines(query: PageQuery = {}, options: CallOptions = {}): Promise<WireList<PipelineSummary>> {
    return this.#transport.sendJson(targets.listPipelines, { ...options, query: { ...query } }, readPipelines)
  }

  /** The newest version of a saved pipeline, or the one that is named. */
  getPipeline(
    name: string,
    { version, ...options }: CallOptions & { version?: number | undefined } = {},
  ): Promise<PipelineVersion> {
    return version === undefined
      ? this.#transport.sendJson(targets.getPipeline, { ...options, params: { name } }, readVersion)
      : this.#transport.sendJson(
          targets.getPipelineVersion,
          { ...options, params: { name, version: String(version) } },
          readVersion,
        )
  }

  /** With all versions. */
  async deletePipeline(name: string, { ifMatch, ...options }: SavePipelineOptions = {}): Promise<void> {
    const call = { ...options, params: { name }, headers: { 'If-Match': ifMatch } }
    await this.#transport.send(targets.deletePipeline, call)
  }
}
