import type { Client } from '@temporalio/client'
import { cancelRun } from './cancel.ts'
import { type ListPipelines, listRuns } from './list.ts'
import { type PipelinesClientOptions, type PipelinesContext, resolveOptions } from './options.ts'
import { showRun } from './show.ts'
import { type StartedPipeline, type StartPipeline, startRun } from './start.ts'
import type { PipelineRunView } from './view.ts'
import { type WatchPipeline, watchRun } from './watch.ts'

/** Starts, watches and steers pipeline runs. They live in Temporal only: this needs nothing else. */
export class PipelinesClient {
  readonly #context: PipelinesContext

  constructor(client: Client, options: PipelinesClientOptions = {}) {
    this.#context = resolveOptions(client, options)
  }

  /**
   * Starts a run. An id that is in use is not started again: `existed` says so, whether that run is over or not.
   * @throws SearchAttributesError when the namespace does not know by what runs are found by their owner
   */
  start(request: StartPipeline): Promise<StartedPipeline> {
    return startRun(this.#context, request)
  }

  /**
   * Where a run stands. Of an open run the steps come by query; when no worker answers, they are empty and a
   * warning says so. What keeps steps from going on is a warning, too.
   * @throws PipelineRunNotFoundError
   */
  show(id: string): Promise<PipelineRunView> {
    return showRun(this.#context, id)
  }

  /** Runs newest first; steps are left out. A run that was started just now may be missing. */
  list(options: ListPipelines = {}): Promise<PipelineRunView[]> {
    return listRuns(this.#context, options)
  }

  /** Asks the run to stop; it closes when every remote run is confirmed to be over. @throws PipelineRunNotFoundError */
  cancel(id: string): Promise<void> {
    return cancelRun(this.#context, id)
  }

  /**
   * Yields the view whenever it changed, the last one when the run is over. Goes on through outages of Temporal.
   * @throws PipelineRunNotFoundError
   */
  watch(id: string, options: WatchPipeline = {}): AsyncGenerator<PipelineRunView, void, undefined> {
    return watchRun(this.#context, id, options)
  }
}
