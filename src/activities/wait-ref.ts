import { decodePipelineRef, encodeWaitRef, limits } from '../contract/index.ts'
import type { Kept } from './types.ts'
import type { WaitRef } from './waits.ts'

/** Who waits for the end of a job run: an activity, or a workflow that is told by a signal what the plan keeps of the run. */
export type Waiter = { kind: 'activity'; ref: WaitRef } | { kind: 'workflow'; ref: WaitRef; kept: Kept }

/** A waiter as the opaque `client_ref` of a job run, short enough for its limit. */
export function encodeWaiter(waiter: Waiter): string {
  const { ref } = waiter
  if (waiter.kind === 'activity') return encodeWaitRef(ref, undefined)
  const { outputs, whole } = waiter.kept
  const text = encodeWaitRef(ref, {
    ...(outputs ? { outputs: [...outputs] } : {}),
    ...(whole ? { whole } : {}),
  })
  // Without names all outputs are told of.
  return text.length <= limits.clientRefCharacters ? text : encodeWaitRef(ref, whole ? { whole } : {})
}

/** What the ids of activities that wait end with, and those of no others. */
const waitSuffix = '/wait'

/** Undefined for anything that is no wait. A reference is anybody's to write: nothing but a wait is ever ended by one. */
export function decodeWaiter(text: string | null | undefined): Waiter | undefined {
  const found = decodePipelineRef(text)
  if (!found) return undefined
  const { namespace, workflowId, activityId, isWait, details } = found
  const ref = { namespace, workflowId, activityId }
  if (!isWait) return undefined
  if (!details) return activityId.endsWith(waitSuffix) ? { kind: 'activity', ref } : undefined
  const { outputs } = details
  const names = Array.isArray(outputs) ? outputs.filter((name) => typeof name === 'string') : undefined
  return {
    kind: 'workflow',
    ref,
    kept: { ...(names ? { outputs: names } : {}), whole: details.whole === true },
  }
}

/** The same for the references of earlier versions, which had no mark for waits. */
export function decodeEarlierWaiter(text: string | null | undefined): Waiter | undefined {
  const found = decodePipelineRef(text)
  if (!found || found.isWait || !found.activityId.endsWith(waitSuffix)) return undefined
  const { namespace, workflowId, activityId } = found
  return { kind: 'activity', ref: { namespace, workflowId, activityId } }
}
