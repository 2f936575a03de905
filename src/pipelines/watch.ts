import { pause } from '../base/abort.ts'
import { JobwrightError } from '../base/errors.ts'
import { fromTemporal } from '../temporal/index.ts'
import type { PipelinesContext } from './options.ts'
import { showRun } from './show.ts'
import type { PipelineRunView } from './view.ts'

/** How a run is watched. */
export interface WatchPipeline {
  /** Ends the watching, not the run. */
  signal?: AbortSignal | undefined
}

/** Yields the view whenever it changed, the last one when the run is over. @throws PipelineRunNotFoundError */
export async function* watchRun(
  context: PipelinesContext,
  id: string,
  { signal }: WatchPipeline,
): AsyncGenerator<PipelineRunView, void, undefined> {
  let last = ''
  while (!signal?.aborted) {
    const view = await showUnlessAway(context, id)
    if (view) {
      const text = JSON.stringify(view)
      if (text !== last) yield view
      last = text
      if (view.finished_at !== null) return
    }
    await pause(context.watchIntervalMs, signal)
  }
}

async function showUnlessAway(context: PipelinesContext, id: string): Promise<PipelineRunView | undefined> {
  try {
    return await showRun(context, id)
  } catch (error) {
    const failure = fromTemporal(error)
    if (failure instanceof JobwrightError && failure.fault === 'unreachable') return undefined
    throw failure
  }
}
