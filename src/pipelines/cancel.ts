import { findRun } from './find.ts'
import type { PipelinesContext } from './options.ts'

/** Asks a run to stop. @throws PipelineRunNotFoundError */
export async function cancelRun(context: PipelinesContext, id: string): Promise<void> {
  const { handle } = await findRun(context, id)
  await handle.cancel()
}
