import type { Json } from '../base/json.ts'
import { cancelRun } from './cancel.ts'
import type { PipelinesContext } from './options.ts'
import { type ResultOptions, resultOf } from './result.ts'
import { showRun } from './show.ts'
import type { Started } from './start.ts'
import type { PipelineRunView } from './view.ts'
import { type CallOptions, waitFor } from './waiting.ts'
import { type WatchPipeline, watchRun } from './watch/watch-run.ts'

/** One pipeline run, to be waited for, looked at and cancelled. It is only a name: the run goes on without it. */
export interface PipelineRun<Outputs = Record<string, Json>> {
  readonly id: string
  /** The id was in use, and nothing new was started, whether that run is over or not. */
  readonly existed: boolean
  /** What is not as it was when the plan was compiled; the view says it as well. None of a run that existed. */
  readonly warnings: readonly string[]
  /**
   * Waits for the end.
   * @throws PipelineRunError with the view, when it failed, was cancelled, or is held for a person to decide
   */
  result(options?: ResultOptions): Promise<Outputs>
  /** The view whenever it changed, the last one when the run is over. */
  watch(options?: WatchPipeline): AsyncGenerator<PipelineRunView, void, undefined>
  show(options?: CallOptions): Promise<PipelineRunView>
  /** Asks it to stop; asked again, also what cleans up. `result` says when it is over. */
  cancel(options?: CallOptions): Promise<void>
}

export function handleOf<Outputs>(
  context: PipelinesContext,
  { id, existed, warnings }: Started,
): PipelineRun<Outputs> {
  return {
    id,
    existed,
    warnings,
    result: (options = {}) => resultOf(context, id, options) as Promise<Outputs>,
    watch: (options = {}) => watchRun(context, id, options),
    show: (options = {}) => waitFor(context, options, () => showRun(context, id)),
    cancel: (options = {}) => waitFor(context, options, () => cancelRun(context, id)),
  }
}
