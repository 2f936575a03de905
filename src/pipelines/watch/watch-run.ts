import { PipelineRunNotFoundError, requireRunId } from '../errors.ts'
import type { PipelinesContext } from '../options.ts'
import type { PipelineRunView } from '../view.ts'

/** How a run is watched. */
export interface WatchPipeline {
  /** Ends the watching at once, not the run. */
  signal?: AbortSignal | undefined
  /**
   * Of a view that is known already: the present one is passed over unless it is newer, or the run is over.
   * @default 0: the present view comes first
   */
  sinceSeq?: number | undefined
}

/** Yields the view whenever it changed, the last one when the run is over. @throws PipelineRunNotFoundError */
export async function* watchRun(
  context: PipelinesContext,
  id: string,
  { signal, sinceSeq = 0 }: WatchPipeline,
): AsyncGenerator<PipelineRunView, void, undefined> {
  requireRunId(id)
  let isFirst = true
  for await (const view of context.watchers.follow(id, signal)) {
    // All who look share one watcher, which knows no bounds.
    if (context.workspace !== undefined && view.workspace !== context.workspace)
      throw new PipelineRunNotFoundError(id)
    if (!isFirst || view.seq > sinceSeq || view.finished_at !== null) yield view
    isFirst = false
  }
}
