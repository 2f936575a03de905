import { PipelineRunError } from './errors.ts'
import type { PipelinesContext } from './options.ts'
import type { PipelineRunView } from './view.ts'
import type { CallOptions } from './waiting.ts'
import { watchRun } from './watch/watch-run.ts'

/** How the end of a run is waited for. */
export interface ResultOptions extends CallOptions {
  /**
   * Waits on where the run is held, until a person has decided.
   * @default false: it throws
   */
  waitsWhileHeld?: boolean | undefined
}

/** What a run gives, when it has completed. @throws PipelineRunError, PipelineRunNotFoundError, the signal's reason */
export async function resultOf(
  context: PipelinesContext,
  id: string,
  { signal, waitsWhileHeld = false }: ResultOptions,
): Promise<PipelineRunView['outputs']> {
  for await (const view of watchRun(context, id, { signal })) {
    if (view.finished_at === null && (view.status !== 'held' || waitsWhileHeld)) continue
    if (view.status === 'completed') return view.outputs
    throw new PipelineRunError(view)
  }
  signal?.throwIfAborted()
  throw new Error(`watching ${id} ended before the run did`)
}
