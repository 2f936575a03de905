import type { Client } from '@temporalio/client'
import type { Json } from '../base/json.ts'
import type { Pipeline, PipelinePlan } from '../pipeline/index.ts'
import { cancelRun } from './cancel.ts'
import { handleOf, type PipelineRun } from './handle.ts'
import { inputsOf } from './inputs.ts'
import { type LimitState, listLimits } from './limits.ts'
import { type ListPipelines, listRuns, type PipelineRunPage } from './list.ts'
import { asQuestion, type PipelinesClientOptions, type PipelinesContext, resolveOptions } from './options.ts'
import { prepare, type StartablePipeline } from './prepare.ts'
import type { ResultOptions } from './result.ts'
import { showRun } from './show.ts'
import { type StartOptions, startRun } from './start.ts'
import { type AdoptedStep, type SteeredStep, type SteerResult, steerRun } from './steer.ts'
import { summaryOf } from './summary.ts'
import type { PipelineRunSummary, PipelineRunView } from './view.ts'
import { type CallOptions, waitFor } from './waiting.ts'
import { type WatchPipeline, watchRun } from './watch/watch-run.ts'

/** What a run of a plan is given; text is read as the type that the input has. */
export type GivenInputs = Readonly<Record<string, Json>>

/**
 * Starts, watches and steers pipeline runs. They live in Temporal only: this needs nothing else.
 *
 * Every call takes an `AbortSignal`, which ends the waiting and not the run.
 *
 * @example
 * ```ts
 * import { compilePipeline, connectTemporal, PipelinesClient } from 'jobwright'
 * import { JobsClient } from 'jobwright/client'
 *
 * const api = new JobsClient({ baseUrl: 'http://127.0.0.1:8300/api/v1', token: 'TOKEN' })
 * const temporal = await connectTemporal({ address: '127.0.0.1:7233', namespace: 'default' })
 * const pipelines = new PipelinesClient(temporal, { owner: () => api.whoami() })
 *
 * const text = 'name: nap\nsteps: { nap: { job_type: sleep, config: { duration: 2s } } }'
 * const { plan } = compilePipeline(text, { file: 'nap.yaml', jobTypes: await api.listJobSchemas() })
 * if (plan) await pipelines.run(plan, {})
 * ```
 */
export class PipelinesClient {
  #context: PipelinesContext

  constructor(client: Client, options: PipelinesClientOptions = {}) {
    this.#context = resolveOptions(client, options)
  }

  /**
   * The same client for somebody else: runs that it starts are theirs, and bound to a workspace it knows no others. Those who watch a
   * run through either share one watcher.
   *
   * @example
   * ```ts
   * const theirs = pipelines.as({ owner: { workspace: 'blue', email: 'ada@example.com' }, workspace: 'blue' })
   * console.log((await theirs.list()).runs)
   * ```
   */
  as({ owner, workspace }: Pick<PipelinesClientOptions, 'owner' | 'workspace'>): PipelinesClient {
    const other = new PipelinesClient(this.#context.client)
    other.#context = { ...this.#context, owner: asQuestion(owner), workspace }
    return other
  }

  /**
   * Starts a run, waits for its end and gives its outputs.
   *
   * A signal ends the waiting only; to find the run again, give it an `id`.
   * @throws PipelineRunError with the view of a run that failed, was cancelled, or is held for a person to decide
   * @throws what `start` throws
   *
   * @example
   * ```ts
   * import { PipelineRunError } from 'jobwright'
   *
   * try {
   *   const outputs = await pipelines.run(plan, { severity: 'high' })
   *   console.log(outputs)
   * } catch (error) {
   *   if (!(error instanceof PipelineRunError)) throw error
   *   for (const { step, status, error: why } of error.view.steps) console.error(step, status, why?.message)
   * }
   * ```
   */
  run(
    plan: PipelinePlan,
    inputs: GivenInputs,
    options?: StartOptions & ResultOptions,
  ): Promise<Record<string, Json>>
  // The compiler explains what is wrong by the last of them.
  run<Inputs, Outputs>(
    pipeline: Pipeline<Inputs, Outputs>,
    inputs: NoInfer<Inputs>,
    options?: StartOptions & ResultOptions,
  ): Promise<Outputs>
  async run(
    pipeline: StartablePipeline,
    inputs: unknown,
    options: StartOptions & ResultOptions = {},
  ): Promise<unknown> {
    const run = await this.#start(pipeline, inputs, options)
    return run.result(options)
  }

  /**
   * Starts a run. A pipeline in code is compiled, and the inputs are checked and completed by their defaults.
   *
   * An id that is in use is not started again: `existed` says so, whether that run is over or not. Under an id that belongs to
   * another pipeline or other inputs nothing is started: `run_id_reused`.
   * @throws PipelineFindingsError `invalid_pipeline`, `invalid_inputs`, with all `findings`
   * @throws SearchAttributesError when the namespace does not know what runs are found by
   *
   * @example
   * ```ts
   * const run = await pipelines.start(plan, { severity: 'high' }, { id: 'night-2026-04-13' })
   * console.log(run.existed ? `${run.id} was started before` : `started ${run.id}`)
   * console.log(await run.result())
   * ```
   */
  start(plan: PipelinePlan, inputs: GivenInputs, options?: StartOptions): Promise<PipelineRun>
  start<Inputs, Outputs>(
    pipeline: Pipeline<Inputs, Outputs>,
    inputs: NoInfer<Inputs>,
    options?: StartOptions,
  ): Promise<PipelineRun<Outputs>>
  start(
    pipeline: StartablePipeline,
    inputs: unknown,
    options: StartOptions = {},
  ): Promise<PipelineRun<unknown>> {
    return this.#start(pipeline, inputs, options)
  }

  #start(pipeline: StartablePipeline, inputs: unknown, options: StartOptions): Promise<PipelineRun<unknown>> {
    const context = this.#context
    return waitFor(context, options, async () => {
      const prepared = await prepare(context, pipeline, inputs)
      return handleOf(context, await startRun(context, prepared, options))
    })
  }

  /**
   * A run that was started before, by its id. Asks nothing: what is done with it says whether there is one.
   *
   * @example
   * ```ts
   * const outputs = await pipelines.get('night-2026-04-13').result({ signal: AbortSignal.timeout(60_000) })
   * ```
   */
  get<Outputs = Record<string, Json>>(id: string): PipelineRun<Outputs> {
    return handleOf(this.#context, { id, existed: true, warnings: [] })
  }

  /**
   * Where a run stands. Of an open run the steps come by query; when no worker answers, they are empty and a
   * warning says so. What keeps steps from going on is a warning, too.
   * @throws PipelineRunNotFoundError
   *
   * @example
   * ```ts
   * const { status, steps } = await pipelines.show('night-2026-04-13')
   * const failed = steps.filter((step) => step.status === 'failed')
   * console.log(status, failed.map(({ step, error }) => `${step}: ${error?.message}`))
   * ```
   */
  show(id: string, options: CallOptions = {}): Promise<PipelineRunView> {
    return this.#within(options, (context) => showRun(context, id))
  }

  /**
   * What is known of a run without asking it: all but its steps and what came of them. With a digest, only if it was started with that.
   * @throws PipelineRunNotFoundError, JobwrightError `run_id_reused`
   *
   * @example
   * ```ts
   * const { status, owner } = await pipelines.summary('night-2026-04-13')
   * ```
   */
  summary(
    id: string,
    { digest, ...options }: CallOptions & { digest?: string | undefined } = {},
  ): Promise<PipelineRunSummary> {
    return this.#within(options, (context) => summaryOf(context, id, digest))
  }

  /**
   * What a run was started with, defaults included.
   * @throws PipelineRunNotFoundError
   *
   * @example
   * ```ts
   * const { severity } = await pipelines.inputs('night-2026-04-13')
   * ```
   */
  inputs(id: string, options: CallOptions = {}): Promise<Record<string, Json>> {
    return this.#within(options, (context) => inputsOf(context, id))
  }

  /**
   * Limits across runs (`concurrency:`) under which anybody has a place or waits for one, by their keys.
   *
   * @example
   * ```ts
   * for (const { key, holders, waiting } of await pipelines.limits()) console.log(key, holders.length, waiting.length)
   * ```
   */
  limits(options: CallOptions = {}): Promise<LimitState[]> {
    return this.#within(options, listLimits)
  }

  /**
   * A page of runs without their steps: open ones first, newest first; then the others, last ended first. A run that was started just
   * now may be missing, and one that ends while pages are turned may come twice.
   * @throws SearchAttributesError for a filter that the namespace cannot apply
   * @throws JobwrightError `bad_cursor`, and `cursor_of_other_filters` for one of a list with other filters
   *
   * @example
   * ```ts
   * let cursor: string | null = null
   * do {
   *   const { runs, nextCursor } = await pipelines.list({ statuses: ['failed'], limit: 20, cursor })
   *   for (const run of runs) console.log(run.id, run.status, run.owner)
   *   cursor = nextCursor
   * } while (cursor)
   * ```
   */
  list(options: ListPipelines = {}): Promise<PipelineRunPage> {
    return this.#within(options, (context) => listRuns(context, options))
  }

  /**
   * Asks the run to stop; it closes when every remote run is confirmed to be over, and steps that clean up are done. Asked
   * again, those are cancelled, too. To wait for that, watch it.
   * @throws PipelineRunNotFoundError
   *
   * @example
   * ```ts
   * await pipelines.cancel('night-2026-04-13')
   * for await (const { status } of pipelines.watch('night-2026-04-13')) console.log(status)
   * ```
   */
  cancel(id: string, options: CallOptions = {}): Promise<void> {
    return this.#within(options, (context) => cancelRun(context, id))
  }

  /**
   * Says which job run is that of a step whose trigger has an unknown outcome (`trigger_unknown`): the step goes on with it, in
   * whatever state it is. Asked twice, it is done once and answered the same.
   * @throws PipelineRunNotFoundError
   * @throws JobwrightError fault `usage`: `unknown_step`, `unknown_item`, `item_missing`, `no_items`
   * @throws JobwrightError fault `refused`: `trigger_known` and `trigger_unsettled` of a step that asks for nothing,
   * `run_of_another_job`, `unknown_job_run`, `run_taken` by another step, `run_over`
   * @throws JobwrightError fault `unreachable`: `not_accepted` where no worker answers, `not_finished` where it was accepted only,
   * `job_run_unconfirmed` where the Jobs API does not answer
   *
   * @example
   * ```ts
   * const { steps } = await pipelines.show('night-2026-04-13')
   * const [candidate] = steps.find(({ step }) => step === 'graph')?.unknown_trigger?.candidates ?? []
   * if (candidate) await pipelines.adopt('night-2026-04-13', { step: 'graph', jobRunId: candidate.job_run_id })
   * ```
   */
  adopt(id: string, { step, item, jobRunId }: AdoptedStep, options: CallOptions = {}): Promise<SteerResult> {
    const request = { verb: 'adopt', step, item: item ?? null, jobRunId } as const
    return this.#within(options, (context) => steerRun(context, id, request))
  }

  /**
   * Sends the trigger of a step once more whose outcome is unknown: if the one before arrives after all, there are two job runs.
   * Asked twice, it is done once and answered the same.
   * @throws PipelineRunNotFoundError, and JobwrightError as `adopt` does
   *
   * @example
   * ```ts
   * await pipelines.trigger('night-2026-04-13', { step: 'tickets', item: 3 })
   * ```
   */
  trigger(id: string, { step, item }: SteeredStep, options: CallOptions = {}): Promise<SteerResult> {
    const request = { verb: 'trigger', step, item: item ?? null } as const
    return this.#within(options, (context) => steerRun(context, id, request))
  }

  /**
   * Gives up a step whose trigger has an unknown outcome: it fails, with the code `trigger_unknown`, and is not retried; what
   * follows is for its `on_failure`. Asked twice, it is done once and answered the same.
   * @throws PipelineRunNotFoundError, and JobwrightError as `adopt` does
   *
   * @example
   * ```ts
   * await pipelines.fail('night-2026-04-13', { step: 'graph' })
   * ```
   */
  fail(id: string, { step, item }: SteeredStep, options: CallOptions = {}): Promise<SteerResult> {
    const request = { verb: 'fail', step, item: item ?? null } as const
    return this.#within(options, (context) => steerRun(context, id, request))
  }

  /**
   * Yields the view whenever it changed, the last one when the run is over. Goes on through outages of Temporal. However many look at a
   * run, this process listens to it once; who is slow gets the latest view next.
   * @throws PipelineRunNotFoundError
   *
   * @example
   * ```ts
   * for await (const run of pipelines.watch('night-2026-04-13', { signal: AbortSignal.timeout(60_000) }))
   *   if (run.finished_at !== null) console.log(run.status, run.outputs)
   * ```
   */
  watch(id: string, options: WatchPipeline = {}): AsyncGenerator<PipelineRunView, void, undefined> {
    return watchRun(this.#context, id, options)
  }

  #within<T>(options: CallOptions, work: (context: PipelinesContext) => Promise<T>): Promise<T> {
    return waitFor(this.#context, options, () => work(this.#context))
  }
}
