import type { Client } from '@temporalio/client'
import type { Json } from '../base/json.ts'
import { throwFromTemporal } from '../temporal/index.ts'
import { cancelRun } from './cancel.ts'
import { inputsOf } from './inputs.ts'
import { type ListPipelines, listRuns, type PipelineRunPage } from './list.ts'
import { type PipelinesClientOptions, type PipelinesContext, resolveOptions } from './options.ts'
import { showRun } from './show.ts'
import { type StartedPipeline, type StartPipeline, startRun } from './start.ts'
import { type AdoptedStep, type SteeredStep, type SteerResult, steerRun } from './steer.ts'
import { summaryOf } from './summary.ts'
import type { PipelineRunSummary, PipelineRunView } from './view.ts'
import { type WatchPipeline, watchRun } from './watch/watch-run.ts'

/**
 * Starts, watches and steers pipeline runs. They live in Temporal only: this needs nothing else.
 *
 * @example
 * ```ts
 * import { compilePipeline, connectTemporal, PipelinesClient, resolveInputs } from 'jobwright'
 * import { JobsClient } from 'jobwright/client'
 *
 * const api = new JobsClient({ baseUrl: 'http://127.0.0.1:8300/api/v1', token: 'TOKEN' })
 * const temporal = await connectTemporal({ address: '127.0.0.1:7233', namespace: 'default' })
 * const pipelines = new PipelinesClient(temporal, { owner: () => api.whoami() })
 *
 * const text = 'name: nap\nsteps: { nap: { job_type: sleep, config: { duration: 2s } } }'
 * const { plan } = compilePipeline(text, { file: 'nap.yaml', jobTypes: await api.listJobSchemas() })
 * const { inputs } = plan ? resolveInputs(plan, {}) : {}
 * if (plan && inputs) await pipelines.start({ plan, inputs })
 * ```
 */
export class PipelinesClient {
  readonly #context: PipelinesContext

  constructor(client: Client, options: PipelinesClientOptions = {}) {
    this.#context = resolveOptions(client, options)
  }

  /**
   * Starts a run. An id that is in use is not started again: `existed` says so, whether that run is over or not. Under an id that
   * belongs to another plan or other inputs nothing is started: `run_id_reused`.
   * @throws SearchAttributesError when the namespace does not know what runs are found by
   *
   * @example
   * ```ts
   * const { id, existed } = await pipelines.start({ plan, inputs, id: 'night-2026-04-13' })
   * console.log(existed ? `${id} was started before` : `started ${id}`)
   * ```
   */
  start(request: StartPipeline): Promise<StartedPipeline> {
    return startRun(this.#context, request).catch(throwFromTemporal)
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
  show(id: string): Promise<PipelineRunView> {
    return showRun(this.#context, id).catch(throwFromTemporal)
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
  summary(id: string, { digest }: { digest?: string | undefined } = {}): Promise<PipelineRunSummary> {
    return summaryOf(this.#context, id, digest).catch(throwFromTemporal)
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
  inputs(id: string): Promise<Record<string, Json>> {
    return inputsOf(this.#context, id).catch(throwFromTemporal)
  }

  /**
   * Runs without their steps: open ones first, newest first; then the others, last ended first. A run that was started just now may be
   * missing.
   * @throws SearchAttributesError for a filter that the namespace cannot apply
   *
   * @example
   * ```ts
   * for (const run of await pipelines.list({ workspace: 'team', statuses: ['failed'], limit: 20 }))
   *   console.log(run.id, run.status, run.owner)
   * ```
   */
  async list(options: ListPipelines = {}): Promise<PipelineRunSummary[]> {
    return (await this.listPage(options)).runs
  }

  /**
   * As `list`, with where the list goes on.
   * @throws SearchAttributesError, JobwrightError `bad_cursor`
   *
   * @example
   * ```ts
   * const { runs, nextCursor } = await pipelines.listPage({ limit: 50 })
   * console.log(runs.length, nextCursor === null ? 'that is all' : 'there are more')
   * ```
   */
  listPage(options: ListPipelines = {}): Promise<PipelineRunPage> {
    return listRuns(this.#context, options).catch(throwFromTemporal)
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
  cancel(id: string): Promise<void> {
    return cancelRun(this.#context, id).catch(throwFromTemporal)
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
  adopt(id: string, { step, item, jobRunId }: AdoptedStep): Promise<SteerResult> {
    return steerRun(this.#context, id, { verb: 'adopt', step, item: item ?? null, jobRunId }).catch(
      throwFromTemporal,
    )
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
  trigger(id: string, { step, item }: SteeredStep): Promise<SteerResult> {
    return steerRun(this.#context, id, { verb: 'trigger', step, item: item ?? null }).catch(throwFromTemporal)
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
  fail(id: string, { step, item }: SteeredStep): Promise<SteerResult> {
    return steerRun(this.#context, id, { verb: 'fail', step, item: item ?? null }).catch(throwFromTemporal)
  }

  /**
   * Yields the view whenever it changed, the last one when the run is over. Goes on through outages of Temporal.
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
}
