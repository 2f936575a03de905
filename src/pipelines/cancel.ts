import { signalNames } from '../contract/names.ts'
import { isOpen } from '../executions/index.ts'
import { findRun } from './find.ts'
import type { PipelinesContext } from './options.ts'

/** Asks a run to stop; asked again, also what cleans up. @throws PipelineRunNotFoundError */
export async function cancelRun(context: PipelinesContext, id: string): Promise<void> {
  const { handle, description } = await findRun(context, id, 'any')
  const isAsked = isOpen(description.status) && description.raw.workflowExtendedInfo?.cancelRequested === true
  if (isAsked) await handle.signal(signalNames.endCleanup)
  else await handle.cancel()
}
