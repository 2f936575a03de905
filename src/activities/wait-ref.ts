import { decodePipelineRef, encodePipelineRef } from '../contract/index.ts'
import type { WaitRef } from './types.ts'

/** A wait as the opaque `client_ref` of a job run, short enough for its limit. */
export function encodeWaitRef(ref: WaitRef): string {
  return encodePipelineRef(ref)
}

const waitSuffix = '/wait'

/** The wait that follows a trigger whose reference a job run still has; undefined for anything else. */
export function waitOfTrigger(text: string | null | undefined): WaitRef | undefined {
  const ref = decodePipelineRef(text)
  if (!ref || ref.activityId.endsWith(waitSuffix)) return undefined
  return { ...ref, activityId: `${ref.activityId}${waitSuffix}` }
}

export function triggerOfWait({ activityId }: WaitRef): string {
  return activityId.slice(0, -waitSuffix.length)
}

/** Undefined for anything that is no wait. A reference is anybody's to write: nothing but a wait is ever completed by one. */
export function decodeWaitRef(text: string | null | undefined): WaitRef | undefined {
  const ref = decodePipelineRef(text)
  return ref?.activityId.endsWith(waitSuffix) ? ref : undefined
}
