import { type ActivityOptions, proxyActivities } from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import type { RemoteRunRequest, TimeLeft } from './port.ts'

/** For one exchange with a Jobs API, its own retries of single requests included. */
export const triggerTimeoutMs = 60_000
/** What fails for a reason that may pass is tried again for as long as the step has time. */
export const activityRetry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000 }
/** Of what nobody waits for by the second. */
export const heldRetry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 }

/** Bounds all attempts together by what is left of the step's time. */
export function scheduleToClose(left: TimeLeft): { scheduleToCloseTimeout?: number } {
  const ms = left()
  return ms === undefined ? {} : { scheduleToCloseTimeout: Math.max(1, ms) }
}

/** The activities, under the names that they have on the workers of this workflow. */
export function activitiesOf(
  { activityPrefix = '' }: Pick<RemoteRunRequest, 'activityPrefix'>,
  options: ActivityOptions,
): PipelineActivities {
  return prefixed(proxyActivities<PipelineActivities>(options), activityPrefix)
}

/** @param proxy answers to any name */
export function prefixed(proxy: PipelineActivities, prefix: string): PipelineActivities {
  if (prefix === '') return proxy
  return new Proxy(proxy, { get: (target, name) => Reflect.get(target, `${prefix}${String(name)}`) })
}
