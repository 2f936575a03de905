import type { Client } from '@temporalio/client'
import type { Json } from '../base/json.ts'
import { throwFromTemporal } from '../temporal/index.ts'
import { cancelRun } from './cancel.ts'
import { inputsOf } from './inputs.ts'
import { type ListPipelines, listRuns } from './list.ts'
import { type PipelinesClientOptions, type PipelinesContext, resolveOptions } from './options.ts'
import { showRun } from './show.ts'
import { type StartedPipeline, type StartPipeline, startRun } from './start.ts'
import type { PipelineRunSummary, PipelineRunView } from './view.ts'
import { type WatchPipeline, watchRun } from './watch.ts'

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
   * Runs newest first, without their steps. A run that was started just now may be missing.
   * @throws SearchAttributesError for a filter that the namespace cannot apply
   *
   * @example
   * ```ts
   * for (const run of await pipelines.list({ workspace: 'team', statuses: ['failed'], limit: 20 }))
   *   console.log(run.id, run.status, run.owner)
   * ```
   */
  list(options: ListPipelines = {}): Promise<PipelineRunSummary[]> {
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
