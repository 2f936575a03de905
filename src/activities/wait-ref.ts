import type { WaitRef } from './types.ts'

/** A wait as the opaque `client_ref` of a job run, short enough for its limit. */
export function encodeWaitRef(ref: WaitRef): string {
  return JSON.stringify(['jobwright/1', ref.namespace, ref.workflowId, ref.activityId])
}

/** Undefined for anything that is not a reference of ours: other callers may use the field as they like. */
export function decodeWaitRef(text: string | null | undefined): WaitRef | undefined {
  if (!text?.startsWith('["jobwright/1",')) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(parsed) || parsed.length !== 4 || !parsed.every((part) => typeof part === 'string'))
    return undefined
  const [, namespace, workflowId, activityId] = parsed as [string, string, string, string]
  // A reference is anybody's to write: nothing but a wait is ever completed by one.
  if (!activityId.endsWith('/wait')) return undefined
  return { namespace, workflowId, activityId }
}
