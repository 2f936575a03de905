import type { Each, ResolvedJob } from '../../pipeline/evaluate/index.ts'
import type { ItemState, PlanStep } from '../../pipeline/plan/index.ts'
import { mergePatch } from '../../server/services/merge-patch.ts'
import type { Engine } from './engine.ts'
import { setupError } from './errors.ts'
import type { InMemoryRequest } from './types.ts'

/** What a generation triggers. @throws JobwrightError `unknown_job` for a `job_id` that the test did not give */
export function requestOf(
  { faultOf, path, savedJobs }: Engine,
  step: PlanStep,
  item: ItemState,
  { index }: Each,
  { target, config }: ResolvedJob,
): InMemoryRequest {
  const place = { step: `${path}${step.id}`, item: step.forEach ? index : null, generation: item.generation }
  const common = { ...place, fault: faultOf(place.step, place.item, place.generation) }
  if ('jobType' in target) {
    const { jobType } = target
    return { ...common, jobType, config: { ...config, job_type: jobType } }
  }
  const { jobId } = target
  const saved = Object.hasOwn(savedJobs, jobId) ? savedJobs[jobId] : undefined
  if (!saved)
    throw setupError(
      'unknown_job',
      `step ${step.id} runs the job ${jobId}, which is not known in memory`,
      `give it: testPipeline(pipeline, { savedJobs: { '${jobId}': { jobType: …, config: {…} } } })`,
    )
  const { jobType } = saved
  return {
    ...common,
    jobType,
    jobId,
    config: mergePatch({ ...saved.config, job_type: jobType }, config ?? {}),
  }
}
