import type { Json, JsonObject } from '../../base/json.ts'

/** Whose a job run is, as the runs of pipelines say it in `client_ref`. */
export interface PipelineRef {
  namespace: string
  /** The id of the pipeline run. */
  workflowId: string
  /** `STEP/ITEM/GENERATION`, with `-` for no item; with `/wait` where an activity waits for the job run. */
  activityId: string
}

/** Opaque to servers, and short enough for the limit of the field. */
export function encodePipelineRef({ namespace, workflowId, activityId }: PipelineRef): string {
  return JSON.stringify(['jobwright/1', namespace, workflowId, activityId])
}

/** How references begin of job runs whose end somebody waits for. */
export const waitRefPrefix = '["jobwright/wait",'

/**
 * The same, of a job run whose end somebody waits for.
 * @param details what whoever tells of the end has to know; none where an activity waits
 */
export function encodeWaitRef(
  { namespace, workflowId, activityId }: PipelineRef,
  details: JsonObject | undefined,
): string {
  return JSON.stringify(['jobwright/wait', namespace, workflowId, activityId, ...(details ? [details] : [])])
}

/** Undefined for anything that is not a reference of ours: other callers may use the field as they like. */
export function decodePipelineRef(text: string | null | undefined): DecodedRef | undefined {
  const isWait = text?.startsWith(waitRefPrefix)
  if (!text || !(isWait || text.startsWith('["jobwright/1",'))) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(parsed) || parsed.length < 4 || parsed.length > (isWait ? 5 : 4)) return undefined
  const [, namespace, workflowId, activityId, details] = parsed as Json[]
  if (typeof namespace !== 'string' || typeof workflowId !== 'string' || typeof activityId !== 'string')
    return undefined
  const ref = { namespace, workflowId, activityId, isWait: isWait === true }
  if (details === undefined) return ref
  return isObject(details) ? { ...ref, details } : undefined
}

export interface DecodedRef extends PipelineRef {
  isWait: boolean
  details?: JsonObject
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
