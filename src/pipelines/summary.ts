import { findRun } from './find.ts'
import type { PipelinesContext } from './options.ts'
import { requireDigest } from './start.ts'
import { type PipelineRunSummary, summaryView } from './view.ts'

/** What is known without a worker. @throws PipelineRunNotFoundError, JobwrightError `run_id_reused` for another digest */
export async function summaryOf(
  context: PipelinesContext,
  id: string,
  digest: string | undefined,
): Promise<PipelineRunSummary> {
  const { description } = await findRun(context, id)
  if (digest !== undefined) requireDigest(description, digest)
  return summaryView(description)
}
