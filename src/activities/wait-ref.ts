import { decodePipelineRef, encodePipelineRef } from '../contract/index.ts'
import type { WaitRef } from './types.ts'

/** A wait as the opaque `client_ref` of a job run, short enough for its limit. */
export function encodeWaitRef(ref: WaitRef): string {
  return encodePipelineRef(ref)
}

/** Undefined for anything that is no wait. A reference is anybody's to write: nothing but a wait is ever completed by one. */
export function decodeWaitRef(text: string | null | undefined): WaitRef | undefined {
  const ref = decodePipelineRef(text)
  return ref?.activityId.endsWith('/wait') ? ref : undefined
}
